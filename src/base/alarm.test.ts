import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alarm } from './alarm.ts';
import { ManualClock } from './manual-clock.ts';

function alarm(): { clock: ManualClock; bell: Alarm; rings: number[] } {
  const clock = new ManualClock();
  const rings: number[] = [];
  return { clock, bell: new Alarm(clock, () => rings.push(clock.monotonicMs())), rings };
}

test('it rings once, at the earliest of the times that it was set to', async () => {
  const { clock, bell, rings } = alarm();
  for (const ms of [500, 200, 300, Infinity]) bell.set(ms);
  assert.equal(clock.sleeping, 1, 'one timer at a time');
  await clock.advance(1_000);
  assert.deepEqual(rings, [200]);
});

test('it rings at once where the time has come already', async () => {
  const { clock, bell, rings } = alarm();
  bell.set(-5);
  await clock.advance(0);
  assert.deepEqual(rings, [0]);
});

test('far ahead it rings before, since the wall clock may be set', async () => {
  const { clock, bell, rings } = alarm();
  bell.set(86_400_000);
  await clock.advance(86_400_000);
  assert.deepEqual(rings, [30_000]);
});

test('what was set is forgotten when it is stopped, and can be set anew', async () => {
  const { clock, bell, rings } = alarm();
  bell.set(100);
  bell.stop();
  assert.equal(clock.sleeping, 0);
  bell.set(200);
  await clock.advance(1_000);
  assert.deepEqual(rings, [200]);
});
