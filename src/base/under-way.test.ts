import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnderWay } from './under-way.ts';

test('is idle once all that was begun is over, also what failed', async () => {
  const underWay = new UnderWay();
  await underWay.idle();
  const first = Promise.withResolvers<number>();
  const second = Promise.withResolvers<number>();
  const begun = [underWay.add(first.promise), underWay.add(second.promise)];
  let isIdle = false;
  const idle = underWay.idle().then(() => (isIdle = true));
  first.resolve(1);
  await new Promise(setImmediate);
  assert.equal(isIdle, false);
  second.reject(new Error('failed'));
  await idle;
  assert.deepEqual(
    (await Promise.allSettled(begun)).map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  await underWay.idle();
});
