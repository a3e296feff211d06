import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime } from './bigint-reference.ts';
import { jacobiSum, multiplyElements, primeDivisors, rootExponent } from './jacobi-sum.ts';

const PRIMES = Array.from({ length: 400 }, (_, i) => i + 3).filter((n) => isPrime(BigInt(n)));

/** The prime powers in q - 1, with their primes. */
function ordersOf(q: number): { prime: number; order: number }[] {
  return primeDivisors(q - 1).map((prime) => {
    let order = prime;
    while ((q - 1) % (order * prime) === 0) order *= prime;
    return { prime, order };
  });
}

test('sums of small moduli are those of the textbook', () => {
  // χ(2) = i modulo 5: j(χ, χ) = χ(2)χ(4) + χ(3)χ(3) + χ(4)χ(2) = -1 - 2i.
  assert.deepEqual(jacobiSum(5, 2, 4, 1, 1), [-1, -2]);
  // χ(3) = ζ modulo 7: 2 + 3ζ².
  assert.deepEqual(jacobiSum(7, 3, 3, 1, 1), [-1, -3]);
});

test('the square of the absolute value of a sum is q', () => {
  for (const q of PRIMES)
    for (const { prime, order } of ordersOf(q)) {
      if (order === 2) continue; // There χ·χ = 1.
      const sum = jacobiSum(q, prime, order, 1, 1);
      const conjugate = jacobiSum(q, prime, order, order - 1, order - 1);
      const product = multiplyElements(sum, conjugate, prime, order);
      assert.deepEqual(
        product,
        product.map((_, i) => (i === 0 ? q : 0)),
        `q = ${q}, order ${order}`,
      );
    }
});

test('roots of unity are recognised by their exponents, and nothing else is taken for one', () => {
  const n = 10n ** 40n + 121n;
  for (const { prime, order } of [
    ...ordersOf(241),
    ...ordersOf(379),
    ...ordersOf(2801),
    { prime: 3, order: 9 },
  ]) {
    const degree = order - order / prime;
    const one = Array.from({ length: degree }, (_, i): number => (i === 0 ? 1 : 0));
    const zeta = order === 2 ? [-1] : one.map((_, i) => (i === 1 ? 1 : 0));
    let root = one;
    for (let h = 0; h < order; h++) {
      const element = root.map((c) => (BigInt(c) + n) % n);
      assert.equal(rootExponent(element, prime, order, n), h);
      for (const i of element.keys()) {
        const other = element.map((c, j) => (i === j ? (c + 3n) % n : c));
        assert.equal(rootExponent(other, prime, order, n), undefined);
      }
      root = multiplyElements(root, zeta, prime, order);
    }
    assert.equal(
      rootExponent(
        one.map(() => 0n),
        prime,
        order,
        n,
      ),
      undefined,
    );
  }
});
