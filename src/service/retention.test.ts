import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError, type PruneLimits, type Store } from '../store/store.ts';
import { Retention } from './retention.ts';

test('a disk that is full does not end retention, and what is refused is deleted later', async () => {
  const stop = new AbortController();
  const asked: PruneLimits[] = [];
  const store = {
    prune(limits: PruneLimits): Promise<number> {
      asked.push(limits);
      if (asked.length === 4) stop.abort();
      return asked.length < 3 ? Promise.reject(new StoreError('full', 'no room')) : Promise.resolve(0);
    },
  } as Partial<Store> as Store;
  const clock = {
    wallMs: () => 10_000,
    monotonicMs: () => 0,
    sleep: () => Promise.resolve(),
    after: () => () => undefined,
  };
  await new Retention({ store, clock, retentionMs: 1_000, bytesMax: 5 }).run(stop.signal);
  assert.deepEqual(asked.at(-1), { endedBeforeMs: 9_000, nowMs: 10_000, bytesMax: 5 });
  assert.equal(asked.length, 4);
});
