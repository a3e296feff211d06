import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { linearScale, logScale, tailScale, timeScale } from './scale.ts';

const values = fc.array(fc.double({ min: 1e-3, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 20 });

test('a linear axis begins at 0, ends at a round value, and holds all values', () => {
  assert.deepEqual(linearScale(187, 5).ticks, [0, 50, 100, 150, 200]);
  assert.deepEqual(linearScale(0, 5).ticks.at(0), 0);
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (max) => {
      const { position, ticks } = linearScale(max, 5);
      assert.ok((ticks.at(-1) ?? 0) >= max * 0.999_999);
      assert.ok(ticks.length <= 8);
      assert.equal(position(0), 0);
    }),
  );
});

test('a log axis holds all values between round ends, in their order', () => {
  assert.deepEqual(logScale([3, 80]).ticks, [2, 5, 10, 20, 50, 100]);
  fc.assert(
    fc.property(values, (some) => {
      const { position, ticks } = logScale(some);
      assert.ok(ticks.length >= 2 && ticks.length <= 12, String(ticks));
      const sorted = some.toSorted((a, b) => a - b).map(position);
      assert.deepEqual(
        sorted,
        sorted.toSorted((a, b) => a - b),
      );
      for (const at of sorted) assert.ok(at >= 0 && at <= 1);
    }),
  );
});

test('a log axis of nothing, or of zeros, is an axis all the same', () => {
  for (const { ticks, position } of [logScale([]), logScale([0, 0])]) {
    assert.ok(ticks.length >= 2);
    assert.equal(position(0), 0);
  }
});

test('each nine of a percentile is as wide as the one before', () => {
  const { position, ticks, percentileAt } = tailScale(10_000);
  assert.deepEqual(ticks, [0, 50, 90, 99, 99.9, 99.99]);
  const nines = [0, 90, 99, 99.9, 99.99].map(position);
  for (const [i, at] of nines.entries()) assert.ok(Math.abs(at - i / 4) < 1e-6);
  assert.equal(position(100), 1);
  assert.ok(Math.abs(percentileAt(0.5) - 99) < 1e-9);
});

test('time has round ticks, not too many, whatever the length', () => {
  assert.deepEqual(timeScale(31, 8).ticks, [0, 5, 10, 15, 20, 25, 30]);
  for (const seconds of [0, 1, 59, 3_600, 86_400, 604_800]) {
    const { ticks, position } = timeScale(seconds, 8);
    assert.ok(ticks.length <= 9, `${seconds}: ${ticks.join(' ')}`);
    assert.ok(position(seconds) <= 1);
  }
});
