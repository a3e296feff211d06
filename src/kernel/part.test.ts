import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { factorsOf, mergeParts, type Part, splitPart, untestedPart } from './part.ts';

function productOf(parts: readonly Part[]): bigint {
  return parts.reduce((product, { value, exponent }) => product * value ** BigInt(exponent), 1n);
}

test('splitting by any divisors keeps the product, and values distinct and above 1', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 2n, max: 30n }), { minLength: 2, maxLength: 8 }), (divisors) => {
      const number = divisors.reduce((a, b) => a * b);
      let parts = mergeParts([untestedPart(number, 2), untestedPart(1n, 5)]);
      for (const divisor of divisors) {
        const part = parts.find(({ value }) => value % divisor === 0n);
        if (part) parts = splitPart(parts, part, divisor);
        assert.equal(productOf(parts), number ** 2n);
        assert.equal(new Set(parts.map(({ value }) => value)).size, parts.length);
        assert.ok(parts.every(({ value }) => value > 1n));
      }
    }),
  );
});

test('equal pieces become one, which keeps what is known of either', () => {
  const prime: Part = { ...untestedPart(7n, 1), kind: 'proven' };
  assert.deepEqual(mergeParts([untestedPart(7n, 2), prime]), [{ ...prime, exponent: 3 }]);
});

test('the pieces of a part keep its curves, and may be sieved although it could not', () => {
  const part: Part = { ...untestedPart(35n, 2), kind: 'composite', curves: 9, sieveGaveUp: true };
  assert.deepEqual(splitPart([part], part, 5n), [
    { ...untestedPart(5n, 2), curves: 9 },
    { ...untestedPart(7n, 2), curves: 9 },
  ]);
});

test('a part that nothing is known of is not passed off as prime', () => {
  assert.deepEqual(factorsOf([untestedPart(91n, 1)]), [{ prime: 91n, exponent: 1, certainty: 'composite' }]);
});
