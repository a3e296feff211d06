import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { SEQ_STRIDE } from '../domain/request-id.ts';
import type { StoredRequest } from '../domain/request.ts';
import { StoreError, type BatchProgress } from '../store/store.ts';
import { BatchReads } from './batch-reads.ts';

const NEVER = new AbortController().signal;
const TOKEN = '0'.repeat(16);
const COUNT = 10_000;
/** A batch of the largest size that is done. */
const BATCH = { first: { seq: 16, token: TOKEN }, count: COUNT };

/** `count` batches of ten requests. */
function smallBatches(count: number) {
  return Array.from({ length: count }, (_, i) => ({ first: { seq: 16 + 160 * i, token: TOKEN }, count: 10 }));
}

/** Reads of a store in which each call takes `pieceMs`; `refusals`: how many of them it refuses as busy, the first ones; `callsMax`: at a time. */
function slowReads({ pieceMs = 0, refusals = 0, callsMax = 1 } = {}) {
  const clock = new ManualClock();
  const closing = new AbortController();
  const asked: number[] = [];
  let underWay = 0;
  let refused = 0;
  const lookups = {
    progress: async () => ({ queued: 0, done: COUNT, ended: 0 }),
    storedAll: async (seqs: readonly number[]): Promise<StoredRequest[]> => {
      assert.ok(underWay++ < callsMax, 'others have the store between two pieces');
      await clock.sleep(pieceMs);
      underWay--;
      if (refused++ < refusals) throw new StoreError('busy', 'slow');
      asked.push(seqs.length);
      return seqs.map((seq) => asDone(seq));
    },
  };
  const reads = new BatchReads({ lookups, clock, closing: closing.signal });
  const members = (waitMs: number, done = COUNT, batch = BATCH, signal = NEVER) =>
    reads.members(batch, done, clock.monotonicMs() + waitMs, signal);
  return { clock, asked, members, closing };
}

function asDone(seq: number): StoredRequest {
  return {
    seq,
    token: TOKEN,
    callerId: 'acme',
    mode: 'values',
    number: String(seq),
    ordinal: 0,
    acceptedAtMs: 0,
    state: { kind: 'done', factors: [], finishedAtMs: 1, cpuMs: 0 },
    timeline: [],
  };
}

test('a batch is read in pieces of some hundred requests, in order, once for all who ask meanwhile', async () => {
  const { clock, asked, members } = slowReads({ pieceMs: 10 });
  const answers = Promise.all([members(1_000), members(1_000), members(1_000)]);
  await clock.advance(1_000);
  for (const answer of await answers)
    assert.deepEqual(
      answer?.map((request) => request?.seq),
      Array.from({ length: COUNT }, (_, i) => 16 + i * SEQ_STRIDE),
    );
  assert.ok(Math.max(...asked) <= 500, `${Math.max(...asked)} at once`);
  assert.equal(
    asked.reduce((sum, count) => sum + count, 0),
    COUNT,
  );
});

test('a batch that the store does not count in time is told as it was when last it did', async () => {
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  const halfDone = { queued: 1, done: 1, ended: 0, lastQueuedSeq: 16 };
  const allDone = { queued: 0, done: 2, ended: 0 };
  let count = async (): Promise<BatchProgress | undefined> => halfDone;
  const lookups = { progress: () => count(), storedAll: async () => [] };
  const reads = new BatchReads({ lookups, clock, closing: NEVER });
  const batch = { ...BATCH, count: 2 };
  assert.deepEqual(await reads.progress(batch, 700), halfDone);
  count = async () => {
    await gate.promise;
    return allDone;
  };
  const early = reads.progress(batch, 700);
  await clock.advance(700);
  assert.deepEqual(await early, halfDone);
  gate.resolve();
  assert.deepEqual(await reads.progress(batch, 1_400), allDone, 'the count that is under way');
  count = () => Promise.reject(new StoreError('busy', 'slow'));
  assert.deepEqual(await reads.progress(batch, 1_400), allDone);
  count = () => Promise.reject(new StoreError('broken', 'gone'));
  await assert.rejects(reads.progress(batch, 1_400), { code: 'broken' });
  count = async () => undefined;
  assert.equal(await reads.progress(batch, 1_400), undefined);
  assert.equal(clock.sleeping, 0);
});

test('who cannot wait for all of it is told so in time, and who comes back is told what was read meanwhile', async () => {
  const { clock, asked, members } = slowReads({ pieceMs: 200 });
  const early = members(700);
  await clock.advance(700);
  assert.equal(await early, undefined);
  // It goes on though nobody waits.
  await clock.advance(5_000);
  const pieces = asked.length;
  const late = members(0);
  await clock.advance(0);
  assert.equal((await late)?.length, COUNT);
  assert.equal(asked.length, pieces, 'nothing is read twice');
});

test('what was read and not told is forgotten after a while, and is not told of a batch that has gone on since', async () => {
  const { clock, asked, members } = slowReads();
  const hungUp = new AbortController();
  hungUp.abort();
  assert.equal(await members(1_000, COUNT - 1, BATCH, hungUp.signal), undefined);
  await clock.advance(0);
  const pieces = asked.length;
  assert.equal((await turned(clock, members(1_000)))?.length, COUNT);
  assert.equal(asked.length, 2 * pieces, 'one more is done than was then');
  await clock.advance(60_000);
  assert.equal((await turned(clock, members(1_000, COUNT - 1)))?.length, COUNT);
  assert.equal(asked.length, 3 * pieces);
});

test('only a few batches are kept for those who come back, and none once the service stops', async () => {
  const { clock, asked, members, closing } = slowReads();
  const hungUp = new AbortController();
  hungUp.abort();
  const batches = smallBatches(20);
  for (const batch of batches) {
    await members(1_000, 10, batch, hungUp.signal);
    await clock.advance(0);
  }
  assert.equal(asked.length, 20);
  for (const batch of batches.toReversed()) {
    const told = members(1_000, 10, batch);
    await clock.advance(0);
    assert.equal((await told)?.length, 10);
  }
  assert.equal(asked.length, 20 + 16);
  await members(1_000, COUNT, BATCH, hungUp.signal);
  await clock.advance(0);
  closing.abort();
  await clock.advance(0);
  assert.equal(clock.sleeping, 0, 'nothing holds the process up');
});

test('a few batches are read at a time, the others in their turn, unless nobody waits for them by then', async () => {
  const { clock, asked, members } = slowReads({ pieceMs: 100, callsMax: 4 });
  const told = Promise.all(smallBatches(10).map((batch) => members(1_000, 10, batch)));
  await clock.advance(300);
  for (const answer of await told) assert.equal(answer?.length, 10);
  const late = Promise.all(smallBatches(10).map((batch) => members(50, 9, batch)));
  await clock.advance(300);
  assert.deepEqual(new Set(await late), new Set([undefined]));
  assert.equal(asked.length, 10 + 4);
});

test('once the service stops nothing more is read', async () => {
  const { clock, asked, members, closing } = slowReads({ pieceMs: 10 });
  const told = members(1_000);
  await clock.advance(15);
  closing.abort();
  await clock.advance(1_000);
  assert.equal((await told)?.length, undefined);
  assert.equal(asked.length, 2);
});

test('a piece that the store refuses as busy is asked for again; a store that refuses on is told of', async () => {
  const passing = slowReads({ refusals: 3 });
  assert.equal((await turned(passing.clock, passing.members(2_000)))?.length, COUNT);
  const lasting = slowReads({ refusals: 1_000 });
  const read = assert.rejects(lasting.members(60_000), { code: 'busy' });
  await lasting.clock.advance(60_000);
  await read;
});

/** What `answer` is once the clock was turned by a second. */
async function turned<T>(clock: ManualClock, answer: Promise<T>): Promise<T> {
  await clock.advance(1_000);
  return answer;
}
