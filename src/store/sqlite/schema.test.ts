import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { newRequests } from '../contract/store-fixture.ts';
import { StoreError, type StoreErrorCode } from '../store.ts';
import { migrate } from './schema.ts';
import { openSqliteStore } from './sqlite-store.ts';

async function newFolder(t: TestContext): Promise<{ dataDir: string; file: string }> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'fairsieve-schema-'));
  t.after(() => fs.rm(dataDir, { recursive: true }));
  return { dataDir, file: path.join(dataDir, 'fairsieve.db') };
}

async function openAndClose(dataDir: string): Promise<void> {
  await (await openSqliteStore({ dataDir }))[Symbol.asyncDispose]();
}

/** Matches a StoreError of that code whose message names `part`. */
function refusal(code: StoreErrorCode, part: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code);
    assert.ok(error.message.includes(part), error.message);
    return true;
  };
}

test('a file of an older version is brought up to date, step by step, with what is in it', () => {
  const db = new DatabaseSync(':memory:');
  const first = 'CREATE TABLE t (a) STRICT'.replace('(a)', '(a INTEGER)');
  migrate(db, 'file', [first]);
  db.exec('INSERT INTO t VALUES (1)');
  const steps = [first, 'ALTER TABLE t ADD COLUMN b INTEGER', 'UPDATE t SET b = a + 1'];
  migrate(db, 'file', steps);
  migrate(db, 'file', steps);
  assert.deepEqual({ ...db.prepare('SELECT a, b FROM t').get() }, { a: 1, b: 2 });
  assert.equal(db.prepare('PRAGMA user_version').get()?.['user_version'], 3);
});

test('a step that fails leaves the file as it was before that step', async (t) => {
  const { file } = await newFolder(t);
  const db = new DatabaseSync(file);
  const broken = 'CREATE TABLE u (a INTEGER) STRICT; INSERT INTO missing VALUES (1)';
  assert.throws(() => migrate(db, file, ['CREATE TABLE t (a INTEGER) STRICT', broken]), /missing/);
  db.close();
  const again = new DatabaseSync(file);
  assert.equal(again.prepare('PRAGMA user_version').get()?.['user_version'], 1);
  assert.deepEqual(
    again
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map((row) => row['name']),
    ['t'],
  );
  again.close();
});

test('a file of a newer program is refused and told so', async (t) => {
  const { dataDir, file } = await newFolder(t);
  await openAndClose(dataDir);
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  await assert.rejects(openAndClose(dataDir), refusal('version', 'version 99'));
});

test('a file that is no database, or another program’s, is refused with its name and left as it is', async (t) => {
  const { dataDir, file } = await newFolder(t);
  await fs.writeFile(file, 'This is a letter to my aunt, and it is rather long. '.repeat(99));
  const before = await fs.readFile(file);
  await assert.rejects(openAndClose(dataDir), refusal('broken', file));
  assert.deepEqual(await fs.readFile(file), before);
  await fs.rm(file);
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE letters (text TEXT)');
  db.close();
  await assert.rejects(openAndClose(dataDir), refusal('broken', file));
});

test('a file that was cut off is refused', async (t) => {
  const { dataDir, file } = await newFolder(t);
  const store = await openSqliteStore({ dataDir });
  await store.accept({ requests: newRequests(2_000) });
  await store[Symbol.asyncDispose]();
  await fs.truncate(file, 16_384);
  await assert.rejects(openAndClose(dataDir), refusal('broken', file));
});

test('a folder that cannot be made is refused with its name', async (t) => {
  const { dataDir } = await newFolder(t);
  const file = path.join(dataDir, 'file');
  await fs.writeFile(file, '');
  await assert.rejects(openAndClose(path.join(file, 'data')), refusal('broken', 'file'));
});

test(
  'the data can be read by its owner only',
  { skip: process.platform === 'win32' && 'Windows has no modes' },
  async (t) => {
    const { dataDir } = await newFolder(t);
    const made = path.join(dataDir, 'made');
    await using store = await openSqliteStore({ dataDir: made });
    await store.accept({ requests: newRequests(1) });
    assert.equal((await fs.stat(made)).mode & 0o777, 0o700);
    for (const file of await fs.readdir(made)) {
      assert.equal((await fs.stat(path.join(made, file))).mode & 0o077, 0, file);
    }
  },
);
