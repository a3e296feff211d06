import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { COMMIT_ROWS_MAX } from '../../domain/limits.ts';
import { StoreError } from '../store.ts';
import type { Round } from './operation.ts';
import { RoundQueue } from './round-queue.ts';

function newQueue(): { queue: RoundQueue; sent: Round[] } {
  const sent: Round[] = [];
  return { queue: new RoundQueue((round) => sent.push(round)), sent };
}

test('what is called while a round is under way goes into the next one, in order', async () => {
  const { queue, sent } = newQueue();
  const first = [queue.call('get', [1], 1), queue.call('get', [2], 1)];
  await nextTurn();
  const second = [queue.call('get', [3], 1), queue.call('known', ['4'], 1)];
  await nextTurn();
  assert.deepEqual(
    sent.map((round) => round.asks),
    [[[1], [2]]],
  );
  queue.settle({ answers: ['one', 'two'], faults: [] });
  await nextTurn();
  assert.deepEqual(sent[1], { names: ['get', 'known'], asks: [[3], ['4']] });
  queue.settle({ answers: ['three', 'four'], faults: [] });
  assert.deepEqual(await Promise.all([...first, ...second]), ['one', 'two', 'three', 'four']);
});

test('a round has no more rows than one commit may have, save for a single call', async () => {
  const { queue, sent } = newQueue();
  const calls = [600, 400, 1, 5_000, 1].map((rows, i) =>
    queue.call('get', [i], Math.min(rows, 5 * COMMIT_ROWS_MAX)),
  );
  while (sent.flatMap((round) => round.asks).length < calls.length) {
    await nextTurn();
    queue.settle({ answers: [], faults: [] });
  }
  assert.deepEqual(
    sent.map((round) => round.asks.length),
    [2, 1, 1, 1],
  );
  await Promise.all(calls);
});

test('a fault rejects its own call only: a StoreError if the store is at fault, another Error if the call is', async () => {
  const { queue } = newQueue();
  const calls = [queue.call('get', [1], 1), queue.call('get', [2], 1), queue.call('get', [3], 1)];
  const results = Promise.allSettled(calls);
  await nextTurn();
  const faults = [
    { index: 0, code: 'full', message: 'no room' },
    { index: 2, message: 'no such row' },
  ] as const;
  queue.settle({ answers: [null, 'two', null], faults });
  const [first, second, third] = await results;
  assert.ok(first?.status === 'rejected' && first.reason instanceof StoreError && first.reason.retryable);
  assert.ok(second?.status === 'fulfilled');
  assert.ok(third?.status === 'rejected' && !(third.reason instanceof StoreError));
});

test('when the thread has failed, everything pending and everything later is rejected', async () => {
  const { queue } = newQueue();
  const pending = queue.call('get', [1], 1);
  const results = Promise.allSettled([pending, nextTurn().then(() => queue.call('get', [2], 1))]);
  await nextTurn();
  await nextTurn();
  queue.fail(new StoreError('broken', 'it failed'));
  for (const result of await results)
    assert.ok(result.status === 'rejected' && result.reason.code === 'broken');
  await assert.rejects(queue.call('get', [3], 1), StoreError);
  await queue.idle();
});

test('while a round takes too long, a write that has been sent is waited for, and others, of replicas too, are refused', async () => {
  const sent: Round[] = [];
  const queue = new RoundQueue((round) => sent.push(round), { stallMs: 20 });
  const busy = (error: unknown): boolean => error instanceof StoreError && error.code === 'busy';
  const write = (): Promise<unknown>[] => [
    queue.call('putValues', [''], 1),
    queue.call('renewValues', [0, ''], 1),
    queue.call('accept', [['acme', 'T', 1, 0, 0, null, null, 0, null, null], []], 1),
  ];
  const refused = (): Promise<void>[] =>
    [...write(), queue.call('heldKeys', [], 1)].map((call) => assert.rejects(call, busy));
  const underWay = write();
  await nextTurn();
  await Promise.all(refused());
  await Promise.all(refused());
  queue.settle({ answers: [1, 2, 3], faults: [] });
  assert.deepEqual(await Promise.all(underWay), [1, 2, 3]);
  await queue.idle();
  assert.equal(sent.length, 1);
});

test('where this process stood still, and not the store, an answer that has come is taken first', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const queue = new RoundQueue(() => undefined, { stallMs: 20 });
  const reading = queue.call('get', [1], 1);
  await nextTurn();
  t.mock.timers.tick(20);
  queue.settle({ answers: ['one'], faults: [] });
  assert.equal(await reading, 'one');
  await nextTurn();
  const later = queue.call('get', [2], 1);
  await nextTurn();
  queue.settle({ answers: ['two'], faults: [] });
  assert.equal(await later, 'two');
});

test('while a round takes too long, what clients wait for is refused as busy, and the rest waits', async () => {
  const sent: Round[] = [];
  const queue = new RoundQueue((round) => sent.push(round), { stallMs: 20 });
  const busy = (error: unknown): boolean => error instanceof StoreError && error.code === 'busy';
  const prune = { endedBeforeMs: 0, nowMs: 0, bytesMax: 0 };
  const underWay = [queue.call('prune', prune, 1), assert.rejects(queue.call('get', [1], 1), busy)];
  await nextTurn();
  const waiting = [queue.call('prune', prune, 1), assert.rejects(queue.call('get', [2], 1), busy)];
  await Promise.all([underWay[1], waiting[1]]);
  await assert.rejects(queue.call('get', [3], 1), busy);
  queue.settle({ answers: [4, []], faults: [] });
  const after = queue.call('get', [5], 1);
  await nextTurn();
  assert.deepEqual(sent[1]?.names, ['prune', 'get']);
  queue.settle({ answers: [6, 'seven'], faults: [] });
  assert.deepEqual(await Promise.all([underWay[0], waiting[0], after]), [4, 6, 'seven']);
});
