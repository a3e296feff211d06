import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, nextPrime, seededNaturals } from '../../src/kernel/bigint-reference.ts';
import { factorWithPackages } from './factor-with-packages.ts';

const product = (primes: readonly bigint[]): bigint => primes.reduce((all, prime) => all * prime, 1n);

function assertFactored(n: bigint): void {
  const primes = factorWithPackages(n);
  assert.equal(product(primes), n, `the factors of ${n} are told as ${primes.join(' · ')}`);
  assert.ok(primes.every(isPrime), `not all of ${primes.join(' · ')} are prime`);
  assert.deepEqual(
    primes,
    primes.toSorted((a, b) => (a < b ? -1 : 1)),
  );
}

test('1 has no prime factors, and every number up to 3,000 has those that multiply to it', () => {
  assert.deepEqual(factorWithPackages(1n), []);
  for (let n = 2n; n <= 3_000n; n++) assertFactored(n);
});

test('random numbers of up to 24 digits are factored', () => {
  const below = seededNaturals(5n);
  for (let i = 0; i < 400; i++) assertFactored(1n + below(10n ** BigInt(1 + (i % 24))));
});

test('multiplicities are kept, also of primes beyond the trial division', () => {
  assert.deepEqual(factorWithPackages(144n), [2n, 2n, 2n, 2n, 3n, 3n]);
  const [p, q] = [nextPrime(2_000n), nextPrime(10n ** 9n)];
  assert.deepEqual(factorWithPackages(p ** 3n * q ** 2n), [p, p, p, q, q]);
  assert.deepEqual(factorWithPackages(q ** 4n), [q, q, q, q]);
  const large = nextPrime(10n ** 24n);
  assert.deepEqual(factorWithPackages(large ** 2n), [large, large]);
});

test('primes, those beside 2^64, and the strong pseudoprimes to base 2 are told apart', () => {
  for (const digits of [3n, 9n, 18n, 19n, 20n, 30n]) {
    const prime = nextPrime(10n ** digits);
    assert.deepEqual(factorWithPackages(prime), [prime]);
  }
  assertFactored(2n ** 64n - 59n);
  assertFactored(2n ** 64n - 1n);
  assertFactored(2n ** 64n + 1n);
  // 1093² and 3511² (Wieferich), and the least products of primes beyond the trial division.
  for (const n of [1_194_649n, 12_327_121n, 1_062_961n, 1_065_023n]) assertFactored(n);
});

test('a semiprime of 40 digits is factored by the sieve', () => {
  assert.deepEqual(factorWithPackages(100000000000000000050700000000000000004563n), [
    100000000000000000039n,
    1000000000000000000117n,
  ]);
});
