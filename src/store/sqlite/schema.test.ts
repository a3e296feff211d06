import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { keyed, newRequests, NOW_MS, pruneAll, seqNo } from '../contract/store-fixture.ts';
import { StoreError, type StoreErrorCode } from '../store.ts';
import { migrate, MIGRATIONS } from './schema.ts';
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

test('logs of version 1 are kept: those that are waited for, and the others until they are old', async (t) => {
  const { dataDir, file } = await newFolder(t);
  const db = new DatabaseSync(file);
  migrate(db, file, MIGRATIONS.slice(0, 1));
  db.exec(`
    INSERT INTO requests (seq, token, caller, mode, status, number, ordinal, accepted_at)
      VALUES (1, 'T', 'acme', 0, 0, '77', 0, 0);
    INSERT INTO jobs VALUES (1, '77', 5, 1, 1000), (2, '91', 6, 0, 1000);
    INSERT INTO job_chunks (job, bytes) VALUES (1, x'0102'), (2, x'03'), (1, x'04');`);
  db.close();
  await using store = await openSqliteStore({ dataDir });
  const lengths = async (): Promise<number[]> =>
    (await Promise.all(['77', '91'].map((n) => store.readLog(n)))).map(({ chunks }) => chunks.length);
  await pruneAll(store, { endedBeforeMs: 1_000, nowMs: 1_000, bytesMax: Infinity });
  assert.deepEqual(await lengths(), [2, 1]);
  await pruneAll(store, { endedBeforeMs: 1_001, nowMs: 1_001, bytesMax: Infinity });
  assert.deepEqual(await lengths(), [2, 0]);

  const chunks = [Uint8Array.of(5), Uint8Array.of(6)];
  const started = [{ seq: 1, startedAtMs: 0, budgetFromMs: 0 }];
  await store.appendLog({ number: '77', chunks, cpuMs: 7, started, atMs: 0 });
  const log = await store.readLog('77');
  assert.deepEqual(
    { ...log, chunks: log.chunks.map((chunk) => [...chunk]) },
    { chunks: [[1, 2], [4], [5], [6]], cpuMs: 7, breaks: 1 },
  );
});

test('of the keys of version 3, those for one number go on standing for it, and those for several are forgotten', async (t) => {
  const { dataDir, file } = await newFolder(t);
  const db = new DatabaseSync(file);
  migrate(db, file, MIGRATIONS.slice(0, 3));
  db.exec(`
    INSERT INTO requests (seq, token, caller, mode, status, number, ordinal, accepted_at)
      VALUES (1, 'T', 'acme', 0, 0, '77', 0, 0), (2, 'U', 'acme', 0, 0, '77', 0, 0), (3, 'U', 'acme', 0, 0, '91', 0, 0);
    INSERT INTO idempotency_keys VALUES
      ('acme', 'one', 'f', ${NOW_MS + 1}, 1, 'T', 1, 1), ('acme', 'two', 'f', ${NOW_MS + 1}, 2, 'U', 2, 2);`);
  db.close();
  await using store = await openSqliteStore({ dataDir });
  const kind = async (key: string, count: number, i: number): Promise<string> =>
    (await store.accept(keyed(newRequests(count, { seq: seqNo(i) }), 'f', key))).kind;
  assert.deepEqual([await kind('one', 1, 0), await kind('two', 2, 1)], ['replayed', 'accepted']);
  assert.equal((await store.stats()).queued, 5);
});

test('of batches that version 4 had written in part, what still waits goes with their keys; all else stays', async (t) => {
  const { dataDir, file } = await newFolder(t);
  const db = new DatabaseSync(file);
  migrate(db, file, MIGRATIONS.slice(0, 4));
  const insert = db.prepare(
    `INSERT INTO requests (seq, token, caller, mode, status, number, ordinal, accepted_at) VALUES (?, ?, 'acme', 0, ?, '77', 0, 0)`,
  );
  // Of three requests, two are written. Between them lie an adopted one and one that has ended.
  for (const [i, token, status] of [
    [0, 'T', 0],
    [1, 'T', 1],
    [2, 'U', 0],
    [3, 'V', 0],
  ] as const)
    insert.run(seqNo(i), token, status);
  insert.run(seqNo(1) + 1, 'W', 0);
  db.exec(`INSERT INTO idempotency_keys VALUES
    ('acme', 'cut', 'f', ${NOW_MS + 1}, ${seqNo(0)}, 'T', 3, 2), ('acme', 'whole', 'f', ${NOW_MS + 1}, ${seqNo(2)}, 'U', 1, 1);`);
  db.close();
  await using store = await openSqliteStore({ dataDir });
  const found = await store.get([seqNo(0), seqNo(1), seqNo(1) + 1, seqNo(2), seqNo(3)]);
  assert.deepEqual(
    found.map((request) => request?.token),
    [undefined, 'T', 'W', 'U', 'V'],
  );
  assert.equal((await store.stats()).queued, 3);
  const kind = async (key: string, count: number, i: number): Promise<string> =>
    (await store.accept(keyed(newRequests(count, { seq: seqNo(i) }), 'f', key))).kind;
  assert.deepEqual([await kind('cut', 3, 100), await kind('whole', 1, 200)], ['accepted', 'replayed']);
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
