/** Places as the scheduler's callers meet them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Dispatch, FairScheduler } from './fair-scheduler.ts';

const SLICE_MS = 50;
const OPTIONS = { sliceMs: SLICE_MS, placeBytesMax: 100, residencyMs: 200 };

interface Run {
  /** Milliseconds used by each job. */
  readonly usedMs: Map<string, number>;
  readonly evictions: number;
  /** The most bytes held at once. */
  readonly bytesMax: number;
}

/** Lets `workers` run in slices; a job in `work` ends when its milliseconds are used up. */
function run(
  queue: FairScheduler,
  workers: number,
  slices: number,
  work: ReadonlyMap<string, number> = new Map(),
): Run {
  const usedMs = new Map<string, number>();
  const running: Dispatch[] = [];
  let evictions = 0;
  let bytesMax = 0;
  for (let slice = 0; slice < slices; slice++) {
    while (running.length < workers) {
      const dispatch = queue.pick();
      if (!dispatch) break;
      evictions += dispatch.evict.length;
      running.push(dispatch);
    }
    bytesMax = Math.max(bytesMax, queue.placeBytes);
    const done = running.shift();
    if (!done) break;
    const { job } = done.entry;
    const used = (usedMs.get(job) ?? 0) + done.chargedMs;
    usedMs.set(job, used);
    if (used >= (work.get(job) ?? Infinity)) queue.finish(done, done.chargedMs);
    else queue.park(done, done.chargedMs);
  }
  for (const dispatch of running) queue.park(dispatch, 0);
  return { usedMs, evictions, bytesMax };
}

function add(queue: FairScheduler, seq: number, callerId: string, placeBytes: number, job = callerId): void {
  queue.add({ seq, callerId, job, placeBytes, estimateMs: placeBytes === 0 ? 1 : 1e6, urgent: false });
}

test('200 callers with a long job each take turns in the memory that there is, while short work is served', () => {
  const queue = new FairScheduler(OPTIONS);
  for (let i = 0; i < 200; i++) add(queue, i, `long ${i}`, 20);
  const before = run(queue, 2, 400);
  assert.ok(before.bytesMax <= OPTIONS.placeBytesMax);
  add(queue, 1000, 'short', 0);
  assert.equal(queue.pick()?.entry.callerId, 'short');
  const after = run(queue, 2, 200 * 5);
  assert.ok(after.bytesMax <= OPTIONS.placeBytesMax);
  assert.equal(
    new Set([...before.usedMs.keys(), ...after.usedMs.keys()]).size,
    200,
    'every one of them had its time',
  );
});

test('a job keeps its place for its residency, and longer if nobody with less wants it', () => {
  const queue = new FairScheduler(OPTIONS);
  add(queue, 1, 'first', 100);
  assert.equal(run(queue, 1, 20).evictions, 0);
  add(queue, 2, 'second', 100);
  const { usedMs, evictions } = run(queue, 1, 40);
  assert.ok(evictions >= 6 && evictions <= 40 / 4, `${evictions} evictions in 40 slices`);
  assert.ok(Math.abs((usedMs.get('first') ?? 0) - (usedMs.get('second') ?? 0)) <= 2 * OPTIONS.residencyMs);
});

test('an evicted job starts without memory, a parked one goes on with it', () => {
  const queue = new FairScheduler({ ...OPTIONS, residencyMs: SLICE_MS });
  add(queue, 1, 'a', 100);
  add(queue, 2, 'b', 100);
  const turns = Array.from({ length: 4 }, () => {
    const dispatch = queue.pick();
    assert.ok(dispatch);
    queue.park(dispatch, SLICE_MS);
    return [dispatch.entry.job, dispatch.resident, ...dispatch.evict];
  });
  assert.deepEqual(turns, [
    ['a', false],
    ['b', false, 'a'],
    ['b', true],
    ['a', false, 'b'],
  ]);
});

test('the caller of a job that waits for a place goes on with its short requests', () => {
  const queue = new FairScheduler(OPTIONS);
  add(queue, 1, 'holder', 100);
  const holder = queue.pick();
  add(queue, 2, 'waits', 60, 'long');
  add(queue, 3, 'waits', 60, 'long too');
  add(queue, 4, 'waits', 0, 'short');
  assert.equal(queue.pick()?.entry.job, 'short');
  assert.equal(queue.pick(), undefined);
  assert.ok(holder);
  queue.finish(holder, SLICE_MS);
  assert.equal(queue.pick()?.entry.job, 'long');
});

test('a job that lost its memory gives its place up and starts anew', () => {
  const queue = new FairScheduler(OPTIONS);
  add(queue, 1, 'a', 100);
  const first = queue.pick();
  assert.ok(first);
  queue.drop('a');
  queue.park(first, 10);
  assert.equal(queue.placeBytes, 0);
  assert.equal(queue.pick()?.resident, false);
});

test('waiting for a place is no credit: those served meanwhile are not shut out afterwards', () => {
  const queue = new FairScheduler({ ...OPTIONS, residencyMs: 10_000 });
  add(queue, 1, 'holder', 100);
  for (let seq = 100; seq < 5000; seq++) add(queue, seq, 'short', 0, `short ${seq}`);
  const work = new Map(Array.from({ length: 4900 }, (_, i) => [`short ${100 + i}`, 1]));
  run(queue, 1, 1000, work);
  add(queue, 2, 'late', 100);
  run(queue, 1, 2000, work);
  const dispatch = queue.pick();
  assert.ok(dispatch);
  queue.park(dispatch, dispatch.chargedMs);
  queue.remove(1);
  const { usedMs } = run(queue, 1, 200, work);
  const shortMs = [...usedMs].filter(([job]) => job !== 'late').reduce((sum, [, ms]) => sum + ms, 0);
  assert.ok(
    Math.abs((usedMs.get('late') ?? 0) - shortMs) <= 2 * SLICE_MS,
    `${usedMs.get('late')} ms against ${shortMs} ms`,
  );
});

test('no job starves, whatever the sizes, even one larger than all places together', () => {
  const bytes = fc.constantFrom(0, 10, 30, 60, 100, 150);
  const jobs = fc.array(fc.record({ caller: fc.nat(4), bytes, ms: fc.integer({ min: 1, max: 2000 }) }), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(jobs, fc.integer({ min: 1, max: 4 }), (requests, workers) => {
      const queue = new FairScheduler(OPTIONS);
      for (const [seq, { caller, bytes: placeBytes }] of requests.entries())
        add(queue, seq, `${caller}`, placeBytes, `${seq}`);
      const work = new Map(requests.map(({ ms }, seq) => [`${seq}`, ms]));
      run(queue, workers, 100_000, work);
      assert.deepEqual([queue.entries, queue.callers, queue.placeBytes], [0, 0, 0]);
    }),
  );
});

test('a large job gets its place although its caller and all others never run out of small ones', () => {
  for (const workers of [1, 2, 4]) {
    const queue = new FairScheduler(OPTIONS);
    const work = new Map<string, number>();
    let seq = 0;
    const addSmall = (callerId: string, placeBytes: number): void => {
      const job = `${++seq}`;
      work.set(job, placeBytes === 0 ? 1 : 600);
      add(queue, seq, callerId, placeBytes, job);
    };
    for (let i = 0; i < workers * 2; i++) addSmall(`small ${i}`, 30);
    run(queue, workers, workers);
    add(queue, ++seq, 'large', 100, 'large');
    let large = 0;
    for (let round = 0; round < 200 && large === 0; round++) {
      for (let i = 0; i < workers * 2; i++) addSmall(`small ${i}`, 30);
      for (let i = 0; i < 60; i++) addSmall('large', 0);
      large = run(queue, workers, 20 * workers, work).usedMs.get('large') ?? 0;
    }
    assert.ok(large > 0, `with ${workers} workers the large job got nothing`);
  }
});
