import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { IDLE_MAX } from './caller-roster.ts';
import type { Entry } from './entry.ts';
import { type Dispatch, FairScheduler, type FairSchedulerOptions } from './fair-scheduler.ts';

const SLICE_MS = 50;
const OPTIONS = { sliceMs: SLICE_MS, placeBytesMax: 100, residencyMs: 200 };

let lastSeq = 0;

function entry(callerId: string, properties: Partial<Entry> = {}): Entry {
  const seq = ++lastSeq;
  return { seq, callerId, job: `job ${seq}`, estimateMs: 10, placeBytes: 0, urgent: false, ...properties };
}

function scheduler(options: Partial<FairSchedulerOptions> = {}): FairScheduler {
  return new FairScheduler({ ...OPTIONS, ...options });
}

function addMany(to: FairScheduler, count: number, callerId: string, properties: Partial<Entry> = {}): void {
  for (let i = 0; i < count; i++) to.add(entry(callerId, properties));
}

/** The callers served, in order, each turn finished as it was charged before the next begins. */
function serve(from: FairScheduler, turns: number): string[] {
  return Array.from({ length: turns }, () => {
    const dispatch = pick(from);
    from.finish(dispatch, dispatch.chargedMs);
    return dispatch.entry.callerId;
  });
}

function pick(from: FairScheduler): Dispatch {
  const dispatch = from.pick();
  assert.ok(dispatch, 'something waits');
  return dispatch;
}

test('equal jobs of several callers are served in exact round robin', () => {
  const queue = scheduler();
  addMany(queue, 500, 'a', { estimateMs: 0.1 });
  addMany(queue, 500, 'b', { estimateMs: 0.1 });
  addMany(queue, 500, 'c', { estimateMs: 0.1 });
  assert.equal(serve(queue, 1500).join(''), 'abc'.repeat(500));
});

test('a request does not wait for the 500 that another caller sent before', () => {
  const queue = scheduler();
  addMany(queue, 500, 'caller_1', { estimateMs: 60_000 });
  const running = [pick(queue), pick(queue)];
  queue.add(entry('caller_2'));
  const [first] = running;
  assert.ok(first);
  queue.park(first, SLICE_MS);
  assert.equal(pick(queue).entry.callerId, 'caller_2');
});

test('a newcomer goes before all who were served before, however many wait and whatever was served', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ caller: fc.nat(5), estimateMs: fc.integer({ min: 1, max: 500 }) }), {
        minLength: 1,
      }),
      fc.nat(100),
      fc.integer({ min: 1, max: 8 }),
      (requests, turns, workers) => {
        const queue = scheduler();
        for (const { caller, estimateMs } of requests) queue.add(entry(`${caller}`, { estimateMs }));
        const running: Dispatch[] = [];
        const served = new Set<string>();
        for (let turn = 0; turn < turns; turn++) {
          for (let next = queue.pick(); next; next = queue.pick()) {
            running.push(next);
            served.add(next.entry.callerId);
            if (running.length === workers) break;
          }
          const done = running.shift();
          if (done && done.entry.estimateMs > SLICE_MS && turn % 2 === 0) queue.park(done, SLICE_MS);
          else if (done) queue.finish(done, done.chargedMs);
        }
        queue.add(entry('newcomer', { estimateMs: 0 }));
        for (let next = pick(queue).entry; next.callerId !== 'newcomer'; next = pick(queue).entry) {
          assert.ok(!served.has(next.callerId), `${next.callerId} was served before, and now again`);
          served.add(next.callerId);
        }
      },
    ),
  );
});

test('short work of a newcomer is next, however many callers wait for their first slice or for another', () => {
  for (const slices of [0, 50, 250]) {
    const queue = scheduler();
    for (let i = 0; i < 200; i++) queue.add(entry(`long ${i}`, { estimateMs: 3_600_000 }));
    for (let i = 0; i < slices; i++) queue.park(pick(queue), SLICE_MS);
    queue.add(entry('newcomer', { estimateMs: 1 }));
    assert.equal(pick(queue).entry.callerId, 'newcomer');
  }
});

test('a head start is had once: whoever sends short work again and again gets one slice more than a fair share at most', () => {
  const queue = scheduler();
  addMany(queue, 1, 'long', { estimateMs: 3_600_000 });
  let shortMs = 0;
  for (let slices = 0; slices < 100;) {
    if (queue.callerView('short')?.entries !== 1) queue.add(entry('short', { estimateMs: 1 }));
    const dispatch = pick(queue);
    if (dispatch.entry.callerId === 'short') shortMs += queue.finish(dispatch, 1).length;
    else slices++;
    if (dispatch.entry.callerId === 'long') queue.park(dispatch, SLICE_MS);
    assert.ok(shortMs <= (slices + 1) * SLICE_MS + 1, `${shortMs} ms against ${slices} slices`);
  }
});

test('long work and short work get the same CPU time, not the same number of turns', () => {
  const queue = scheduler();
  addMany(queue, 10, 'long', { estimateMs: 3_600_000 });
  addMany(queue, 10_000, 'short', { estimateMs: 1 });
  let shortTurns = 0;
  for (let longTurns = 0; longTurns < 100;) {
    const dispatch = pick(queue);
    if (dispatch.entry.callerId === 'long') {
      longTurns++;
      queue.park(dispatch, SLICE_MS);
    } else {
      shortTurns++;
      queue.finish(dispatch, 1);
    }
  }
  assert.ok(
    Math.abs(shortTurns - 100 * SLICE_MS) <= SLICE_MS,
    `${shortTurns} turns of 1 ms against 100 of ${SLICE_MS} ms`,
  );
});

test('two callers who always have work differ by at most (workers + 1) times the most that one turn used', () => {
  const usedMax = 80;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(0.5, 1, 3),
      fc.infiniteStream(
        fc.record({ usedMs: fc.integer({ min: 0, max: usedMax }), estimateMs: fc.nat(200), stop: fc.nat() }),
      ),
      fc.infiniteStream(fc.nat(8)),
      (workers, weight, turns, pauses) => {
        const weights = new Map([['b', weight]]);
        const queue = scheduler({ weightOf: (id) => weights.get(id) ?? 1 });
        const received = new Map([
          ['a', 0],
          ['b', 0],
        ]);
        const running: Dispatch[] = [];
        for (let turn = 0; turn < 300; turn++) {
          const { usedMs, estimateMs, stop } = turns.next().value;
          for (const id of received.keys()) addMany(queue, workers + 1, id, { estimateMs });
          // A third caller comes and goes, and must not disturb the two.
          if (pauses.next().value === 0) queue.add(entry('c', { estimateMs }));
          while (running.length < workers) running.push(pick(queue));
          const [done] = running.splice(stop % workers, 1);
          assert.ok(done);
          const { callerId } = done.entry;
          if (turn % 3 === 0) queue.park(done, usedMs);
          else queue.finish(done, usedMs);
          if (callerId !== 'c') received.set(callerId, (received.get(callerId) ?? 0) + usedMs);
          const difference = Math.abs((received.get('a') ?? 0) - (received.get('b') ?? 0) / weight);
          const bound = ((workers + 1) * usedMax) / Math.min(1, weight);
          assert.ok(difference <= bound, `${difference} ms is above ${bound} ms`);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('weights divide the CPU time', () => {
  const queue = scheduler({ weightOf: (id) => (id === 'heavy' ? 3 : 1) });
  addMany(queue, 400, 'heavy');
  addMany(queue, 400, 'light');
  const heavy = serve(queue, 400).filter((id) => id === 'heavy').length;
  // Not to the turn: short work has a head start, which weighs differently by weight.
  assert.ok(Math.abs(heavy - 300) <= 3, `${heavy} of 400 turns`);
});

test('time without work is no credit', () => {
  const queue = scheduler();
  queue.add(entry('sleeper'));
  serve(queue, 1);
  addMany(queue, 1000, 'busy');
  serve(queue, 500);
  addMany(queue, 500, 'sleeper');
  const served = serve(queue, 100).filter((id) => id === 'sleeper').length;
  assert.ok(served >= 50 && served <= 52, `${served} of 100 turns`);
});

test('a caller with one long job on one of many workers saves up nothing', () => {
  const queue = scheduler();
  queue.add(entry('single', { estimateMs: 1e6 }));
  addMany(queue, 2000, 'many', { estimateMs: SLICE_MS });
  let single = pick(queue);
  assert.equal(single.entry.callerId, 'single');
  for (let slice = 0; slice < 100; slice++) {
    // Meanwhile three workers serve the other caller.
    for (let turn = 0; turn < 3; turn++) {
      const other = pick(queue);
      queue.finish(other, SLICE_MS);
    }
    queue.park(single, SLICE_MS);
    single = pick(queue);
    assert.equal(single.entry.callerId, 'single');
  }
  queue.park(single, SLICE_MS);
  addMany(queue, 100, 'single', { estimateMs: SLICE_MS });
  const served = serve(queue, 20).filter((id) => id === 'single').length;
  assert.ok(served <= 11, `${served} of 20 turns`);
});

test('whoever waits inline goes before the earlier requests of its caller, and not before those of others', () => {
  const queue = scheduler();
  addMany(queue, 3, 'a');
  addMany(queue, 3, 'b');
  serve(queue, 1);
  const urgent = entry('a', { urgent: true });
  const late = entry('a', { urgent: true });
  queue.add(late);
  queue.add(urgent);
  queue.demote(late.seq);
  const order = Array.from({ length: 7 }, () => {
    const dispatch = pick(queue);
    queue.finish(dispatch, dispatch.chargedMs);
    return dispatch.entry;
  });
  assert.deepEqual(order.map(({ callerId }) => callerId).join(''), 'bababaa');
  assert.equal(order[1]?.seq, urgent.seq);
  assert.equal(order.at(-1)?.seq, late.seq);
});

test('one number asked for by many is computed once, and ends for all of them', () => {
  const queue = scheduler();
  const entries = ['a', 'b', 'b', 'c'].map((callerId) => entry(callerId, { job: '91' }));
  for (const each of entries) queue.add(each);
  const dispatch = pick(queue);
  assert.equal(queue.pick(), undefined, 'while it runs, nothing else is left to do');
  assert.deepEqual(new Set(queue.finish(dispatch, 5)), new Set(entries));
  assert.equal(queue.entries, 0);
});

test('a small caller who shares the number of a hog gets it at its own turn and pays for that alone', () => {
  const queue = scheduler();
  addMany(queue, 100, 'hog', { estimateMs: SLICE_MS });
  const shared = entry('hog', { job: 'shared', estimateMs: 500 });
  queue.add(shared);
  queue.add(entry('small', { job: 'shared', estimateMs: 500 }));
  queue.add(entry('small', { job: 'own' }));
  const slice = [pick(queue), pick(queue)].find(({ entry: { job } }) => job === 'shared');
  assert.equal(slice?.entry.callerId, 'small');
  queue.park(slice, SLICE_MS);
  assert.equal(queue.callerView('small')?.virtualMs, SLICE_MS);
  assert.equal(queue.callerView('hog')?.virtualMs, SLICE_MS);
  queue.remove(shared.seq);
  assert.equal(queue.has(shared.seq), false);
  assert.equal(queue.hasJob('shared'), true, 'the other caller still waits for it');
});

test('the callers of a running job go on with their next requests', () => {
  const queue = scheduler();
  for (const id of ['a', 'b', 'c']) {
    queue.add(entry(id, { job: 'shared' }));
    queue.add(entry(id, { job: `own ${id}` }));
  }
  assert.deepEqual(
    Array.from({ length: 4 }, () => pick(queue).entry.job),
    ['shared', 'own b', 'own c', 'own a'],
  );
});

test('a cancelled request of a running job leaves at once; the job goes with its last one', () => {
  const queue = scheduler();
  const only = entry('a', { job: 'x', placeBytes: 100, estimateMs: 1000 });
  queue.add(only);
  const dispatch = pick(queue);
  assert.equal(queue.remove(only.seq), only);
  assert.equal(queue.hasJob('x'), true);
  assert.equal(queue.placeBytes, 100, 'it holds its memory until its slice is over');
  queue.park(dispatch, SLICE_MS);
  assert.equal(queue.hasJob('x'), false);
  assert.deepEqual([queue.placeBytes, queue.callers, queue.entries], [0, 0, 0]);
});

test('a bounded pick takes what comes next if it is small enough, and never something that comes later', () => {
  const queue = scheduler();
  queue.add(entry('a', { estimateMs: 1, job: 'tiny' }));
  queue.add(entry('b', { estimateMs: 1000, job: 'long' }));
  queue.add(entry('b', { estimateMs: 1, job: 'tiny too' }));
  assert.equal(queue.pick(5)?.entry.job, 'tiny');
  assert.equal(queue.pick(5), undefined);
  assert.equal(queue.pick()?.entry.job, 'long');
  assert.equal(queue.pick(5)?.entry.job, 'tiny too');
});

test('a dispatch is settled once', () => {
  const queue = scheduler();
  const twice = entry('a', { estimateMs: 100 });
  queue.add(twice);
  assert.throws(() => queue.add(twice), /was added already/);
  const dispatch = pick(queue);
  queue.park(dispatch, SLICE_MS);
  assert.throws(() => queue.park(dispatch, SLICE_MS), /not under way/);
  pick(queue);
  assert.throws(() => queue.finish(dispatch, SLICE_MS), /not under way/);
});

test('a flood of callers that come once is not remembered without bound, while others wait', () => {
  const flooded = scheduler();
  flooded.add(entry('patient', { estimateMs: 1_000_000 }));
  for (let i = 0; i < IDLE_MAX + 1_000; i++) {
    flooded.add(entry(`once-${i}`, { estimateMs: 0.1 }));
    const dispatch = pick(flooded);
    assert.equal(dispatch.entry.callerId, `once-${i}`);
    flooded.finish(dispatch, 0.1);
  }
  assert.equal(flooded.callers, IDLE_MAX + 1);
});
