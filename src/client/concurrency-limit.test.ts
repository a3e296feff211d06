import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConcurrencyLimit } from './concurrency-limit.ts';

test('tasks start in order, never more at once than allowed, and a failure frees its place', async () => {
  const limit = new ConcurrencyLimit(2);
  const started: number[] = [];
  let running = 0;
  const outcomes = await Promise.allSettled(
    [1, 2, 3, 4, 5].map((i) =>
      limit.run(async () => {
        started.push(i);
        running++;
        assert.ok(running <= 2);
        await new Promise((resolve) => void setTimeout(resolve, 2));
        running--;
        if (i % 2 === 0) throw new Error('even');
        return i;
      }),
    ),
  );
  assert.deepEqual(started, [1, 2, 3, 4, 5]);
  assert.deepEqual(
    outcomes.map(({ status }) => status === 'fulfilled'),
    [true, false, true, false, true],
  );
  assert.equal(limit.isCrowded, false);
});

test('a task given up while it stands in line is never started and leaves no gap', async () => {
  const limit = new ConcurrencyLimit(1);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const abort = new AbortController();
  const first = limit.run(() => held);
  const givenUp = limit.run(() => assert.fail('started'), abort.signal);
  const third = limit.run(async () => 'third');
  abort.abort(new Error('given up'));
  await assert.rejects(givenUp, /given up/);
  release();
  await first;
  assert.equal(await third, 'third');
});

test('a limit below one is refused', () => {
  assert.throws(() => new ConcurrencyLimit(0), RangeError);
});
