import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { seededNaturals } from './bigint-reference.ts';
import {
  type CyclotomicPower,
  elementPower,
  integerPower,
  startPower,
  stepPower,
} from './cyclotomic-power.ts';
import { newProofKernel, sameMemory } from './proof-runs.ts';

const kernel = newProofKernel();

function computed(n: bigint, power: CyclotomicPower, productsMax = 1e9): bigint[] {
  startPower(kernel, n, power);
  for (;;) {
    // Another instance for each step: what is under way lies in the memory alone.
    const value = stepPower(sameMemory(kernel), n, power.base.length, productsMax);
    if (value) return value;
  }
}

/** The same by the definition: polynomials modulo n and the cyclotomic polynomial. */
function expected(n: bigint, power: CyclotomicPower): bigint[] {
  const { prime, order, base, inner, outer, extra, scale, exponent } = power;
  const step = order / prime;
  const degree = order - step;
  const mod = (x: bigint): bigint => ((x % n) + n) % n;
  const fold = (wide: readonly bigint[]): bigint[] => {
    const around = Array.from({ length: order }, () => 0n);
    for (const [i, c] of wide.entries()) around[i % order]! += c;
    return around.slice(0, degree).map((c, i) => mod(c - around[degree + (i % step)]!));
  };
  const multiply = (a: readonly bigint[], b: readonly bigint[]): bigint[] => {
    const wide = Array.from({ length: 2 * degree }, () => 0n);
    for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) wide[i + j]! += x * y;
    return fold(wide);
  };
  const raise = (a: readonly bigint[], e: bigint): bigint[] => {
    let result = fold([1n]);
    for (const bit of e.toString(2)) {
      result = multiply(result, result);
      if (bit === '1') result = multiply(result, a);
    }
    return result;
  };
  const product = (exponents: readonly number[]): bigint[] =>
    exponents.reduce(
      (value, e, y) => {
        const conjugate = Array.from({ length: order }, () => 0n);
        for (const [i, c] of base.entries()) conjugate[(i * y) % order]! += BigInt(c);
        return multiply(value, raise(fold(conjugate), BigInt(e)));
      },
      fold([1n]),
    );
  const scaled = multiply(product(inner), fold([BigInt(scale)]));
  const tail = multiply(product(outer), fold(extra.map(BigInt)));
  return multiply(raise(scaled, exponent), tail);
}

const ORDERS = [2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 25, 27, 32].map((order) => ({
  order,
  prime: [2, 3, 5, 7, 11, 13, 17].find((p) => order % p === 0)!,
}));
const coefficient = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });

function powerIn({ order, prime }: { order: number; prime: number }): fc.Arbitrary<CyclotomicPower> {
  const element = fc.array(coefficient, {
    minLength: order - order / prime,
    maxLength: order - order / prime,
  });
  const exponents = fc
    .array(fc.nat(order), { minLength: order, maxLength: order })
    .map((list) => list.map((e, y) => (y % prime === 0 ? 0 : e)));
  return fc.record(
    {
      prime: fc.constant(prime),
      order: fc.constant(order),
      base: element,
      inner: exponents,
      outer: exponents,
      extra: element,
      scale: coefficient,
      exponent: fc.bigInt({ min: 1n, max: 2n ** 70n }),
    },
    { noNullPrototype: true },
  );
}

test('a power in any of the rings is what polynomials modulo the cyclotomic one give, in steps of any size', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ORDERS).chain(powerIn),
      fc.bigInt({ min: 1n, max: 2n ** 420n }).map((n) => 2n * n + 1n),
      fc.constantFrom(1, 50, 3_000, 1e9),
      (power, n, productsMax) => assert.deepEqual(computed(n, power, productsMax), expected(n, power)),
    ),
    { numRuns: 150 },
  );
});

test('a power modulo a number of any length is right, up to 1,000 digits', () => {
  const below = seededNaturals(4n);
  for (let bits = 2n; bits <= 3_322n; bits += bits < 400n ? 5n : 270n) {
    const n = (1n << (bits - 1n)) + 2n * below(1n << (bits - 2n)) + 1n;
    const exponent = 1n + below(n);
    for (const power of [
      integerPower(-3, exponent),
      elementPower(2, 4, [2, 1], exponent),
      elementPower(3, 3, [-2, 5], exponent),
    ])
      assert.deepEqual(computed(n, power, 2_000), expected(n, power), `modulo ${n}`);
  }
});

test('powers modulo long numbers are right in rings of many degrees, with the largest coefficients and beside powers of 2, too', () => {
  const below = seededNaturals(5n);
  for (const limbs of [6n, 7n, 11n, 18n, 32n])
    for (const n of [
      (1n << (32n * limbs)) - 1n,
      (1n << (32n * limbs - 1n)) + 1n,
      (1n << (32n * limbs - 9n)) + 2n * below(1n << (32n * limbs - 9n)) + 1n,
    ])
      for (const { order, prime } of ORDERS.filter((ring) => ring.order > 4)) {
        const degree = order - order / prime;
        const largest = Array.from({ length: degree }, () => -1);
        const random = largest.map(() => Number(below(1n << 50n)));
        for (const base of [largest, random]) {
          const power = elementPower(prime, order, base, 1n + below(64n));
          assert.deepEqual(computed(n, power, 5_000), expected(n, power), `order ${order} modulo ${n}`);
        }
      }
});
