import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareNumbers, hasExpired, valueScopes } from './value.ts';

test('decimal numbers are ordered by size, of whatever length', () => {
  const number = fc.oneof(fc.bigInt({ min: 1n, max: 1_000n }), fc.bigInt({ min: 1n, max: 10n ** 40n }));
  fc.assert(
    fc.property(number, number, (a, b) => {
      const expected = a < b ? -1 : Number(a > b);
      assert.equal(Math.sign(compareNumbers(String(a), String(b))), expected);
    }),
  );
});

test('a value is gone from its deadline on, and without one never', () => {
  assert.deepEqual(
    [0, 1, 2].map((nowMs) => hasExpired({ expiresAtMs: 1 }, nowMs)),
    [false, true, true],
  );
  assert.equal(hasExpired({}, Number.MAX_VALUE), false);
});

test('callers have one scope where they share, and otherwise each their own', () => {
  const [shared, apart] = [valueScopes(true), valueScopes(false)];
  assert.equal(shared('acme'), shared('globex'));
  assert.notEqual(apart('acme'), apart('globex'));
});
