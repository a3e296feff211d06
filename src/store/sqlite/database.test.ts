import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { DatabaseFile } from './database-file.ts';

const BYTES_MAX = 64 * 2 ** 20;

function openIn(t: TestContext): DatabaseFile {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'fairsieve-database-'));
  const file = new DatabaseFile({ dataDir, bytesMax: BYTES_MAX });
  t.after(() => {
    file[Symbol.dispose]();
    fs.rmSync(dataDir, { recursive: true });
  });
  return file;
}

/** Commits `count` logs of 64 KiB, one by one, as rounds do. */
function write(file: DatabaseFile, count: number): void {
  const insert = file.database.db.prepare('INSERT INTO job_chunks (job, bytes) VALUES (1, zeroblob(65536))');
  for (let i = 0; i < count; i++) {
    file.database.transaction(() => insert.run());
    file.boundWal();
  }
}

test('a commit is on disk when it returns: the log of writes is synced each time', (t) => {
  const { db } = openIn(t).database;
  assert.equal(db.prepare('PRAGMA synchronous').get()?.['synchronous'], 2);
  assert.equal(db.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
});

test('the WAL stays about as large as its bound however much is written', (t) => {
  const file = openIn(t);
  write(file, 400);
  const { size } = fs.statSync(`${file.file}-wal`);
  assert.ok(size > 0 && size <= file.walBytesMax, `${size} bytes, bound ${file.walBytesMax}`);
});

test('a reader outside sees one moment for as long as it likes, and holds up nobody', (t) => {
  const file = openIn(t);
  const reader = new DatabaseSync(file.file, { readOnly: true });
  const count = reader.prepare('SELECT count(*) AS n FROM job_chunks');
  write(file, 10);
  reader.exec('BEGIN');
  assert.equal(count.get()?.['n'], 10);
  write(file, 200);
  assert.equal(count.get()?.['n'], 10);
  reader.exec('COMMIT');
  assert.equal(count.get()?.['n'], 210);
  write(file, 200);
  const { size } = fs.statSync(`${file.file}-wal`);
  assert.ok(size <= file.walBytesMax, `${size} bytes after the reader left, bound ${file.walBytesMax}`);
  reader.close();
});

test('of a transaction that fails nothing remains, and the next one works', (t) => {
  const { database } = openIn(t);
  const insert = database.db.prepare('INSERT INTO job_chunks (job, bytes) VALUES (?, ?)');
  const failing = (): void => {
    insert.run(1, new Uint8Array(9));
    database.queue.joined({ seq: 16, callerId: 'acme', number: '7', callbackUrl: null });
    throw new Error('on purpose');
  };
  assert.throws(() => database.transaction(failing), /on purpose/);
  assert.deepEqual([database.queue.count, database.queue.of('acme')], [0, 0]);
  database.transaction(() => insert.run(2, new Uint8Array(9)));
  const jobs = database.db
    .prepare('SELECT job FROM job_chunks')
    .all()
    .map((row) => row['job']);
  assert.deepEqual(jobs, [2]);
});
