import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedWaitMs } from './expected-wait.ts';

const ALONE = { position: 0, meanMs: 100, ownMs: 100, weight: 1, weights: 1, totalMs: 100, workers: 4 };

test('a request alone takes the time of its own work, however many workers there are', () => {
  assert.equal(expectedWaitMs(ALONE), 100);
});

test('a caller alone has all workers for what is before its request', () => {
  assert.equal(expectedWaitMs({ ...ALONE, position: 39, totalMs: 100_000 }), 1_000);
});

test('the hog waits for its own 499 others at its share, the small caller does not', () => {
  const shared = { meanMs: 1_000, ownMs: 1_000, weight: 1, weights: 2, totalMs: 501_000, workers: 2 };
  assert.equal(expectedWaitMs({ ...shared, position: 0 }), 1_000);
  assert.equal(expectedWaitMs({ ...shared, position: 100 }), 101_000);
  assert.equal(
    expectedWaitMs({ ...shared, position: 499 }),
    250_500,
    'no worker idles once the other caller is served',
  );
});

test('a weight shortens the wait', () => {
  const shared = { ...ALONE, position: 39, weights: 8, totalMs: 1e6 };
  assert.equal(expectedWaitMs(shared), 8_000);
  assert.equal(expectedWaitMs({ ...shared, weight: 4 }), 2_000);
});
