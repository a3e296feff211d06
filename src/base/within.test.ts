import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { systemClock } from './clock.ts';
import { ManualClock } from './manual-clock.ts';
import { within } from './within.ts';

const late = (): string => 'late';
const NEVER = new Promise<never>(() => undefined);

test('what comes in time is passed on, a failure too, and no timer is left', async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  assert.equal(await within(1_000, Promise.resolve('done'), late, clock, signal), 'done');
  await assert.rejects(within(1_000, Promise.reject(new Error('broken')), late, clock, signal), /broken/);
  assert.equal(clock.sleeping, 0);
});

test('what does not come in time is replaced, or fails as it is said, and what becomes of it is nobody’s', async () => {
  const clock = new ManualClock();
  const work = Promise.withResolvers<string>();
  const replaced = within(1_000, work.promise, late, clock);
  const failed = assert.rejects(
    within(1_000, NEVER, () => assert.fail('too late'), clock),
    /too late/,
  );
  await clock.advance(999);
  assert.equal(clock.sleeping, 2);
  await clock.advance(1);
  assert.equal(await replaced, 'late');
  await failed;
  work.reject(new Error('afterwards'));
  await clock.advance(1);
});

test('who hangs up waits no longer, also where that was before', async () => {
  const clock = new ManualClock();
  const over = new AbortController();
  const waiting = within(1_000, NEVER, late, clock, over.signal);
  over.abort();
  assert.equal(await waiting, 'late');
  assert.equal(await within(1_000, NEVER, late, clock, over.signal), 'late');
  assert.equal(await within(1_000, Promise.resolve('there'), late, clock, over.signal), 'there');
  assert.equal(clock.sleeping, 0);
});

test('what arrived while the process stood still did so in time', async () => {
  const { port1, port2 } = new MessageChannel();
  // Timers are looked at before anything else that comes after this.
  await new Promise(setImmediate);
  const asked = within(20, once(port2, 'message'), late, systemClock);
  port1.postMessage('there');
  standStill(100);
  assert.deepEqual(await asked, ['there']);
  port1.close();
});

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
