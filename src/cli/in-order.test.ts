import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { inOrder } from './in-order.ts';

const NEVER = new AbortController().signal;

test('tasks overlap up to the limit, and their turns come in the order of the items', async () => {
  const turns: number[] = [];
  let running = 0;
  let most = 0;
  await inOrder(
    [
      [9, 1, 5],
      [3, 0, 7],
    ],
    3,
    NEVER,
    async (ms, turn) => {
      most = Math.max(most, ++running);
      await sleep(ms);
      await turn;
      running--;
      turns.push(ms);
    },
  );
  assert.deepEqual(turns, [9, 1, 5, 3, 0, 7]);
  assert.equal(most, 3);
});

test('items are taken only as fast as tasks end', async () => {
  let taken = 0;
  let ended = 0;
  function* items(): Generator<number[]> {
    for (let i = 0; i < 50; i++) {
      assert.ok(taken - ended <= 5, `${taken} taken while ${ended} ended`);
      taken++;
      yield [i];
    }
  }
  await inOrder(items(), 4, NEVER, async () => {
    await nextTurn();
    ended++;
  });
  assert.equal(ended, 50);
});

test('after the stop no item is begun, and those begun are waited for', async () => {
  const stop = new AbortController();
  const ended: number[] = [];
  await inOrder([[1, 2, 3, 4]], 2, stop.signal, async (item) => {
    if (item === 2) stop.abort();
    await sleep(5);
    ended.push(item);
  });
  assert.deepEqual(ended, [1, 2]);
});

test('the first error of a task is passed on', async () => {
  const failing = inOrder([[1, 2, 3]], 2, NEVER, async (item) => {
    if (item === 2) throw new Error('two');
  });
  await assert.rejects(failing, /two/);
});
