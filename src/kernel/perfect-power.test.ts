import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { integerRoot, perfectPower } from './perfect-power.ts';

test('an integer root is the largest number whose power does not exceed n', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1n << 3322n }), fc.integer({ min: 1, max: 220 }), (n, k) => {
      const root = integerRoot(n, k);
      assert.ok(root ** BigInt(k) <= n && (root + 1n) ** BigInt(k) > n);
    }),
  );
});

test('roots are exact on and beside perfect powers', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 2n, max: 1n << 600n }), fc.integer({ min: 2, max: 6 }), (base, k) => {
      const power = base ** BigInt(k);
      assert.equal(integerRoot(power, k), base);
      assert.equal(integerRoot(power - 1n, k), base - 1n);
      assert.equal(integerRoot(power + 1n, k), base);
    }),
  );
});

test('a perfect power is taken apart to its least base', () => {
  const prime = 170141183460469231731687303715884105727n;
  for (const exponent of [2, 3, 4, 5, 6, 7, 12, 25])
    assert.deepEqual(perfectPower(prime ** BigInt(exponent), 2), { base: prime, exponent });
  assert.deepEqual(perfectPower((65537n * prime) ** 6n, 65536), { base: 65537n * prime, exponent: 6 });
});

test('what is no perfect power is left alone', () => {
  for (const n of [
    2n,
    3n,
    6n,
    65537n,
    2n ** 127n - 1n,
    10n ** 40n + 1n,
    (2n ** 89n - 1n) ** 2n * (2n ** 61n - 1n),
  ])
    assert.equal(perfectPower(n, 2), undefined);
});
