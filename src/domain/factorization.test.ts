import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  checkFactorization,
  factorization,
  formatFactors,
  parseFactors,
  primeFactors,
  type Factor,
} from './factorization.ts';

const proven = (prime: bigint, exponent = 1): Factor => ({ prime, exponent, certainty: 'proven' });

test('equal factors are merged and come in ascending order', () => {
  const result = factorization(144n, [proven(3n), proven(2n, 4), proven(3n)]);
  assert.deepEqual(result.factors, [proven(2n, 4), proven(3n, 2)]);
  assert.deepEqual(primeFactors(result), [2n, 2n, 2n, 2n, 3n, 3n]);
  assert.equal(result.complete, true);
});

test('an unsplit part makes the factorization incomplete and is not among the prime factors', () => {
  const result = factorization(2n * 91n, [proven(2n), { prime: 91n, exponent: 1, certainty: 'composite' }]);
  assert.equal(result.complete, false);
  assert.deepEqual(primeFactors(result), [2n]);
});

test('1 has no factors', () => {
  assert.deepEqual(factorization(1n, []), { number: 1n, factors: [], complete: true });
});

test('a wrong product, order or exponent is refused', () => {
  assert.throws(
    () => factorization(13n, [proven(2n), proven(7n)]),
    /must multiply to 13: they multiply to 14/,
  );
  assert.throws(
    () => checkFactorization({ number: 6n, factors: [proven(3n), proven(2n)], complete: true }),
    /ascend/,
  );
  assert.throws(
    () => checkFactorization({ number: 1n, factors: [proven(2n, 0)], complete: true }),
    /positive integer: 0/,
  );
  assert.throws(
    () => checkFactorization({ number: 2n, factors: [proven(2n)], complete: false }),
    /"complete" of 2/,
  );
});

test('factors survive the way to text and back', () => {
  const factor = fc
    .tuple(
      fc.bigInt({ min: 2n, max: 10n ** 60n }),
      fc.integer({ min: 1, max: 3_000 }),
      fc.constantFrom('proven', 'probable', 'composite'),
    )
    .map(([prime, exponent, certainty]): Factor => ({ prime, exponent, certainty }));
  fc.assert(
    fc.property(fc.array(factor), (factors) =>
      assert.deepEqual(parseFactors(formatFactors(factors)), factors),
    ),
  );
  assert.throws(() => parseFactors('2^4 x'), /Cannot read factor "x"/);
});
