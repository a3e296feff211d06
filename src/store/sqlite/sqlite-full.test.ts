import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statfsSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { until } from '../../../test/support/until.ts';
import { BATCH_NUMBERS_MAX } from '../../domain/limits.ts';
import type { TimelineEvent } from '../../domain/request.ts';
import {
  asQueued,
  doneJob,
  FIRST_SEQ,
  keyed,
  newRequests,
  NOW_MS,
  pruneAll,
  seqNo,
} from '../contract/store-fixture.ts';
import type { JobLogEntry } from '../job-log.ts';
import { StoreError, type Store } from '../store.ts';
import { openSqliteStore } from './sqlite-store.ts';

const MIB = 2 ** 20;
const NUMBER = '7'.repeat(200);
const TIMELINE: TimelineEvent[] = [
  { event: 'started', atMs: NOW_MS },
  { event: 'finished', atMs: NOW_MS, status: 'done', source: 'computed' },
];

/** A folder for the time of a test; with `tmpfsBytes`, a file system of that size. */
async function newFolder(t: TestContext, tmpfsBytes?: number): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'fairsieve-full-'));
  if (tmpfsBytes !== undefined)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${tmpfsBytes}`, 'tmpfs', folder]);
  t.after(async () => {
    if (tmpfsBytes !== undefined) execFileSync('umount', [folder]);
    await fs.rm(folder, { recursive: true });
  });
  return folder;
}

function isFull(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'full' && error.retryable;
}

/** Another program takes all the room that is left on a small disk. */
function fillDisk(folder: string): void {
  assert.throws(() => writeFileSync(path.join(folder, 'filler'), new Uint8Array(64 * MIB)), /ENOSPC/);
  assert.equal(statfsSync(folder).bavail, 0);
}

/** Accepts requests until there is no room; returns how many were. Of many callers: one alone may not have all of it. */
async function fill(store: Store): Promise<number> {
  for (let count = 0; ; count += 100) {
    try {
      const given = { seq: seqNo(count), number: NUMBER, callerId: `caller ${count}` };
      await store.accept({ requests: newRequests(100, given) });
    } catch (error) {
      assert.ok(isFull(error), String(error));
      return count;
    }
  }
}

async function finishAll(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i += 500) {
    const jobs = Array.from({ length: Math.min(500, count - i) }, (_, j) => {
      const job = doneJob(seqNo(i + j));
      return { ...job, requests: job.requests.map((request) => ({ ...request, timeline: TIMELINE })) };
    });
    assert.equal((await store.finish(jobs)).size, jobs.length);
  }
}

test('when the store has its size it refuses new requests, still ends the accepted ones, and takes more once some went', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 8 * MIB });
  const count = await fill(store);
  assert.ok(count > 3_000, `${count} requests of 200 digits fit into 8 MiB`);
  assert.equal((await store.stats()).freeBytes, 0);
  assert.equal((await store.list({ limit: 10 })).requests.length, 10);
  await store.appendLog(idleEntry('77', 1, NOW_MS));
  await finishAll(store, count);
  assert.equal((await store.stats()).queued, 0);
  await pruneAll(store, { endedBeforeMs: NOW_MS + 1, nowMs: NOW_MS + 1, bytesMax: 8 * MIB });
  const more = newRequests(500, { seq: seqNo(1e6), number: NUMBER });
  assert.equal((await store.accept({ requests: more })).kind, 'accepted');
});

/** What a job appends that works for no request: its log is idle from the beginning. */
function idleEntry(number: string, chunks: number, atMs: number): JobLogEntry {
  const bytes = Array.from({ length: chunks }, () => new Uint8Array(65_536));
  return { number, chunks: bytes, cpuMs: 1, started: [], atMs };
}

/** The entry of a job that works for the request `seq`. */
function busyEntry(number: string, chunks: number, seq: number): JobLogEntry {
  return {
    ...idleEntry(number, chunks, NOW_MS),
    started: [{ seq, startedAtMs: NOW_MS, budgetFromMs: 0 }],
  };
}

test('logs have a share of the store: beyond it idle ones go, the oldest first, and acceptance never stops for them', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 8 * MIB });
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 3; j++) await store.appendLog(idleEntry(`7${i}`, 1, NOW_MS + i));
    await store.accept({ requests: newRequests(1, { seq: seqNo(i) }) });
  }
  const { bytes, freeBytes } = await store.stats();
  assert.ok(bytes < 2.5 * MIB && freeBytes > 3 * MIB, `${bytes} bytes in use, ${freeBytes} free`);
  const logs = await Promise.all(Array.from({ length: 100 }, (_, i) => store.readLog(`7${i}`)));
  const lengths = logs.map(({ chunks }) => chunks.length);
  const kept = lengths.findIndex((length) => length > 0);
  assert.ok(kept > 80 && kept < 95, `${kept} logs have gone`);
  assert.ok(lengths.slice(kept).every((length) => length === 3));
});

test('logs of jobs at work are refused beyond their share, stay as they are, and go on when others went', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 8 * MIB });
  await store.accept({ requests: newRequests(2) });
  await store.appendLog(busyEntry('77', 20, FIRST_SEQ));
  const more = (): Promise<void> => store.appendLog(busyEntry('91', 8, seqNo(1)));
  await more();
  await assert.rejects(more(), isFull);
  assert.equal((await store.readLog('77')).chunks.length, 20);
  assert.equal((await store.readLog('91')).chunks.length, 8);
  await store.finish([{ ...doneJob(FIRST_SEQ, { kind: 'partial' }), number: '77' }]);
  await more();
  assert.equal((await store.readLog('77')).chunks.length, 0);
  assert.equal((await store.readLog('91')).chunks.length, 16);
});

test('a log that is refused still has what its requests spent written down, so that a crash renews no budget', async (t) => {
  const dataDir = await newFolder(t);
  const open = (): Promise<Store> => openSqliteStore({ dataDir, bytesMax: 8 * MIB });
  {
    await using full = await open();
    await full.accept({ requests: newRequests(2) });
    await full.appendLog(busyEntry('77', 30, FIRST_SEQ));
    const started = [{ seq: seqNo(1), startedAtMs: NOW_MS + 5, budgetFromMs: 7 }];
    const entry = { ...busyEntry('91', 8, seqNo(1)), started, cpuMs: 4_000 };
    await assert.rejects(full.appendLog(entry), isFull);
  }
  await using store = await open();
  const [request] = await store.get([seqNo(1)]);
  assert.deepEqual(request?.state, { kind: 'queued', startedAtMs: NOW_MS + 5, budgetFromMs: 7, cpuMs: 7 });
  assert.deepEqual(await store.readLog('91'), { chunks: [], cpuMs: 4_000, breaks: 0 });
});

test('logs take nothing of what the ends of requests need', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 4 * MIB });
  const count = await fill(store);
  let rows = 0;
  await assert.rejects(async () => {
    for (; rows < 16; rows++) await store.appendLog(busyEntry('77', 1, FIRST_SEQ));
  }, isFull);
  // Half of the reserve, and the room that was too small for another hundred requests.
  assert.ok(rows >= 1 && rows <= 5, `${rows} chunks of 64 KiB`);
  await finishAll(store, count);
  assert.equal((await store.stats()).queued, 0);
});

test('a reserve is left for the logs of running jobs, whatever is accepted', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 8 * MIB });
  // Known numbers are done at once, so nothing is set aside for their ends.
  const known = {
    factors: [{ prime: 7n, exponent: 1, certainty: 'proven' }],
    cpuMs: 9,
    atMs: NOW_MS,
  } as const;
  await store.finish([{ number: NUMBER, dropLog: false, known, requests: [] }]);
  await fill(store);
  assert.deepEqual(await store.backlog(), []);
  await store.appendLog(idleEntry('77', 5, NOW_MS));
  assert.equal((await store.readLog('77')).chunks.length, 5);
});

test('the files stay within their size whatever is written', async (t) => {
  const dataDir = await newFolder(t);
  await using store = await openSqliteStore({ dataDir, bytesMax: 4 * MIB });
  await fill(store);
  const append = (): Promise<void> => store.appendLog(busyEntry('77', 1, FIRST_SEQ));
  await assert.rejects(async () => {
    for (let i = 0; i < 100; i++) await append();
  }, isFull);
  const files = await fs.readdir(dataDir);
  const sizes = await Promise.all(files.map(async (file) => (await fs.stat(path.join(dataDir, file))).size));
  assert.ok(sizes.reduce((sum, size) => sum + size) <= 4.5 * MIB, `${files.join()}: ${sizes.join()} bytes`);
  // Nothing of the refused one remains, and the connection goes on working.
  const { chunks } = await store.readLog('77');
  assert.ok(chunks.every((chunk) => chunk.length === 65_536));
  await store.finish([{ number: '77', dropLog: true, requests: [] }]);
  await pruneAll(store, { endedBeforeMs: 0, nowMs: NOW_MS, bytesMax: 4 * MIB });
  await append();
});

test('nothing remains of a batch for which there is room only in part, neither requests nor key', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 4 * MIB });
  await store.accept({ requests: newRequests(1, { seq: seqNo(-1) }) });
  const batch = keyed(newRequests(BATCH_NUMBERS_MAX, { number: '7'.repeat(900) }));
  const singles = Promise.all(
    Array.from({ length: 9 }, (_, i) => store.accept({ requests: newRequests(1, { seq: seqNo(1e6 + i) }) })),
  );
  await assert.rejects(store.accept(batch), isFull);
  await singles;
  assert.equal((await store.stats()).queued, 10);
  const other = keyed(newRequests(1_000), 'another body');
  assert.equal((await store.accept(other)).kind, 'accepted');
});

test('a batch that was accepted is told again under its key, though there is no room for anything new', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 24 * MIB });
  const batch = keyed(newRequests(BATCH_NUMBERS_MAX, { seq: seqNo(1e6), callerId: 'first' }));
  assert.equal((await store.accept(batch)).kind, 'accepted');
  assert.equal(await store.settle(), 0);
  await fill(store);
  assert.equal((await store.accept(batch)).kind, 'replayed');
});

test('batches are accepted as far as there is room for all of their requests and their ends', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: 24 * MIB });
  let count = 0;
  await assert.rejects(async () => {
    for (; ; count += BATCH_NUMBERS_MAX)
      await store.accept({
        requests: newRequests(BATCH_NUMBERS_MAX, { seq: seqNo(count), callerId: `${count}` }),
      });
  }, isFull);
  assert.ok(count > 0);
  assert.equal(await store.settle(), 0);
  await finishAll(store, count);
  assert.equal((await store.stats()).queued, 0);
});

const NO_TMPFS =
  process.platform === 'linux' && process.getuid?.() === 0
    ? false
    : 'mounting a small file system takes root on Linux';

test(
  'a disk that is full stops acceptance, not reads; when it has room everything goes on',
  { skip: NO_TMPFS },
  async (t) => {
    const dataDir = await newFolder(t, 24 * MIB);
    await using store = await openSqliteStore({ dataDir });
    const count = await fill(store);
    assert.ok(count > 5_000, `${count} requests fit into 24 MiB`);

    fillDisk(dataDir);
    assert.equal((await store.get([FIRST_SEQ]))[0]?.number, NUMBER);
    await assert.rejects(store.accept({ requests: newRequests(1, { seq: 1 }) }), isFull);
    // Ends go on for as long as the files have room inside; then they are refused, each call as a whole.
    await assert.rejects(finishAll(store, count), isFull);
    const { queued } = await store.stats();
    assert.ok(queued > 0 && (count - queued) % 500 === 0, `${queued} of ${count} are still queued`);

    await fs.rm(path.join(dataDir, 'filler'));
    const jobs = Array.from({ length: count }, (_, i) => doneJob(seqNo(i)));
    assert.equal((await store.finish(jobs)).size, queued);
    await pruneAll(store, { endedBeforeMs: NOW_MS + 1, nowMs: NOW_MS + 1, bytesMax: Infinity });
    await until('the disk to be looked at again', async () => (await store.stats()).freeBytes > 0);
    assert.equal((await store.accept({ requests: newRequests(1, { seq: 1 }) })).kind, 'accepted');
  },
);

test(
  'what is accepted and finds no room to be written is on disk: settling says how much it is, and the next start writes it',
  { skip: NO_TMPFS },
  async (t) => {
    const dataDir = await newFolder(t, 64 * MIB);
    const batches = ['a', 'b', 'c'].map((callerId, i) =>
      newRequests(BATCH_NUMBERS_MAX, { callerId, seq: seqNo(i * BATCH_NUMBERS_MAX) }),
    );
    {
      await using store = await openSqliteStore({ dataDir });
      const outcomes = await Promise.all(batches.map((requests) => store.accept({ requests })));
      // Nothing is written meanwhile but the one piece that may be on its way.
      fillDisk(dataDir);
      const unwritten = await store.settle();
      for (const outcome of outcomes) {
        assert(outcome.kind === 'accepted' && outcome.rest);
        await assert.rejects(outcome.rest, isFull);
      }
      const { queued } = await store.stats();
      assert.equal(queued + unwritten, batches.flat().length);
    }
    await fs.rm(path.join(dataDir, 'filler'));
    await using again = await openSqliteStore({ dataDir });
    for (const requests of batches)
      assert.deepEqual(await again.get(requests.map(({ seq }) => seq)), requests.map(asQueued));
  },
);
