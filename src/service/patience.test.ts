import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { StoreError } from '../store/store.ts';
import { untilRoom } from './patience.ts';

/** A clock whose sleeps are over at once, counted. */
function hastyClock(): Clock & { sleeps: number } {
  const clock = {
    sleeps: 0,
    wallMs: () => 0,
    monotonicMs: () => 0,
    sleep: () => Promise.resolve(void clock.sleeps++),
    after: () => () => undefined,
  };
  return clock;
}

function refusing(times: number, error: Error): () => Promise<string> {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(error) : Promise.resolve('written'));
}

test('what a full store refuses is tried again until it goes through', async () => {
  const clock = hastyClock();
  const written = await untilRoom(
    refusing(3, new StoreError('full', 'no room')),
    clock,
    new AbortController().signal,
  );
  assert.equal(written, 'written');
  assert.equal(clock.sleeps, 3);
});

test('when the service stops, what is refused is given up', async () => {
  const full = refusing(Infinity, new StoreError('full', 'no room'));
  assert.equal(await untilRoom(full, hastyClock(), AbortSignal.abort()), undefined);
});

test('a store that is broken is not tried again', async () => {
  const broken = refusing(1, new StoreError('broken', 'gone'));
  await assert.rejects(untilRoom(broken, hastyClock(), new AbortController().signal), { code: 'broken' });
});
