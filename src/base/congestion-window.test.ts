import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CongestionWindow } from './congestion-window.ts';

test('it halves while there is no time to spare, never below the least, and comes back by steps', () => {
  const window = new CongestionWindow({ min: 4, max: 64, step: 16, everyMs: 50 });
  const sizes: number[] = [];
  for (let i = 0; i < 10; i++) {
    window.look(i * 50, () => i < 5);
    sizes.push(window.size);
  }
  assert.deepEqual(sizes, [32, 16, 8, 4, 4, 20, 36, 52, 64, 64]);
});

test('it looks no more often than it should', () => {
  const window = new CongestionWindow({ min: 1, max: 64, step: 1, everyMs: 50 });
  for (let nowMs = 0; nowMs < 100; nowMs++) window.look(nowMs, () => true);
  assert.equal(window.size, 16);
});
