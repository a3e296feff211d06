import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FIRST_SEQ, pruneAll, NOW_MS } from '../contract/store-fixture.ts';
import { describeStore } from '../describe-store.ts';
import { StoreError } from '../store.ts';
import { openSqliteStore } from './sqlite-store.ts';

async function newFolder(): Promise<string> {
  return fs.mkdtemp(path.join(os.tmpdir(), 'fairsieve-store-'));
}

describeStore('sqlite', async () => {
  const folder = await newFolder();
  return {
    open: () => openSqliteStore({ dataDir: path.join(folder, 'made', 'at-need') }),
    remove: () => fs.rm(folder, { recursive: true }),
  };
});

test('a long backlog is counted at start without being read, and paged by caller', async (t) => {
  const dataDir = await newFolder();
  t.after(() => fs.rm(dataDir, { recursive: true }));
  await (await openSqliteStore({ dataDir }))[Symbol.asyncDispose]();
  const count = 200_000;
  const callers = 1_000;
  const db = new DatabaseSync(path.join(dataDir, 'fairsieve.db'));
  db.exec(`
    WITH RECURSIVE i (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM i WHERE i < ${count - 1})
    INSERT INTO requests (seq, token, caller, mode, status, number, ordinal, accepted_at)
    SELECT ${FIRST_SEQ} + i, 'T', 'caller ' || (i % ${callers}), 0, 0, '1000', i, ${NOW_MS} FROM i`);
  db.close();
  const before = process.cpuUsage();
  await using store = await openSqliteStore({ dataDir });
  const backlog = await store.backlog();
  const { user, system } = process.cpuUsage(before);
  const tookMs = (user + system) / 1_000;
  assert.equal(backlog.length, callers);
  assert.ok(backlog.every((caller) => caller.count === count / callers));
  assert.equal(Math.max(...backlog.map((caller) => caller.ordinalMax)), count - 1);
  assert.equal((await store.stats()).queued, count);
  // CPU time of all threads; reading the rows would take longer than this.
  assert.ok(tookMs < 2_000, `${tookMs} ms`);
  const page = { callerId: 'caller 7', afterSeq: FIRST_SEQ + callers + 7, limit: 2 };
  const seqs = (await store.queued([page])).flat().map((request) => request.seq - FIRST_SEQ);
  assert.deepEqual(seqs, [2 * callers + 7, 3 * callers + 7]);
});

test('of lists that pass over many requests, only some are read at once: the others are refused, and what is read by an index is not', async (t) => {
  const dataDir = await newFolder();
  t.after(() => fs.rm(dataDir, { recursive: true }));
  await using store = await openSqliteStore({ dataDir });
  const scans = Promise.allSettled(Array.from({ length: 20 }, () => store.list({ mode: 'sync', limit: 1 })));
  assert.deepEqual(await store.list({ callerId: 'acme', status: 'done', limit: 1 }), { requests: [] });
  const refused = (await scans).flatMap((scan) =>
    scan.status === 'rejected' ? [scan.reason as unknown] : [],
  );
  assert.equal(refused.length, 12);
  assert.ok(refused.every((error) => error instanceof StoreError && error.code === 'crowded'));
  assert.deepEqual(await store.list({ mode: 'sync', limit: 1 }), { requests: [] });
});

test('the log of a long job is deleted a few rows at a time', async (t) => {
  const dataDir = await newFolder();
  t.after(() => fs.rm(dataDir, { recursive: true }));
  await using store = await openSqliteStore({ dataDir });
  const chunks = Array.from({ length: 50 }, () => new Uint8Array(65_536));
  for (const number of ['77', '91'])
    await store.appendLog({ number, chunks, cpuMs: 1, started: [], atMs: NOW_MS });
  await store.finish([{ number: '77', dropLog: true, requests: [] }]);
  const steps = await pruneAll(store, { endedBeforeMs: NOW_MS, nowMs: NOW_MS, bytesMax: Infinity });
  assert.deepEqual(steps, [16, 16, 16, 3]);
  assert.equal((await store.readLog('91')).chunks.length, 50);
});

test('when the thread of the store dies, that is told, every call is rejected as broken, and it can still be closed', async () => {
  const dataDir = await newFolder();
  await using store = await openSqliteStore({ dataDir });
  await store.get([1]);
  // The thread looks at the folder from time to time, and nothing can be done without one.
  await fs.rm(dataDir, { recursive: true });
  await sleep(300);
  const broken = (error: unknown): boolean => error instanceof StoreError && error.code === 'broken';
  const underWay = assert.rejects(store.get([1]), broken);
  assert.ok(broken(await store.failed));
  await underWay;
  await assert.rejects(store.get([1]), broken);
});
