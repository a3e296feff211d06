import assert from 'node:assert/strict';
import { test } from 'node:test';
import { primeFactors } from '../domain/factorization.ts';
import { isPrime, nextPrime, primeFactorsByDivision, seededNaturals } from './bigint-reference.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';

const kernel = createKernel(await loadKernelModule());

function assertFactored(n: bigint): void {
  const { factors, complete } = kernel.factorSmall(n);
  assert.ok(complete);
  assert.equal(
    factors.reduce((product, f) => product * f.prime ** BigInt(f.exponent), 1n),
    n,
  );
  for (const { prime, certainty } of factors) {
    assert.ok(isPrime(prime), `${prime}, given as a factor of ${n}, is composite`);
    assert.equal(certainty, 'proven');
  }
}

test('every n up to 100,000 has the factors that trial division finds', () => {
  for (let n = 1; n <= 100_000; n++)
    assert.deepEqual(primeFactors(kernel.factorSmall(BigInt(n))).map(Number), primeFactorsByDivision(n));
});

test('random numbers of every size up to 64 bits are factored into primes', () => {
  const below = seededNaturals(1n);
  for (let bits = 17n; bits <= 64n; bits++)
    for (let i = 0; i < 60; i++) assertFactored(1n + below((1n << bits) - 1n));
});

test('products of two primes of like size are parted, up to the largest that fit a word', () => {
  const below = seededNaturals(2n);
  for (let bits = 9n; bits <= 32n; bits++)
    for (let i = 0; i < 12; i++) {
      const p = nextPrime((1n << (bits - 1n)) + below(1n << (bits - 1n)) - 300n);
      const q = nextPrime((1n << (bits - 1n)) + below(1n << (bits - 1n)) - 300n);
      assertFactored(p * q);
    }
});

test('numbers made to mislead are factored', () => {
  const carmichael = [
    561n,
    41041n,
    825265n,
    321197185n,
    9746347772161n,
    1436697831295441n,
    60977817398996785n,
  ];
  // The least strong pseudoprimes to all prime bases up to 2, 7, 13, 17 and 23 (Jaeschke 1993), then some to base 2.
  const pseudoprimes = [
    2047n,
    3215031751n,
    3474749660383n,
    341550071728321n,
    3825123056546413051n,
    4681n,
    15841n,
    52633n,
  ];
  const edges = [
    1n,
    2n,
    3n,
    4n,
    (1n << 64n) - 1n,
    (1n << 64n) - 59n,
    1n << 63n,
    994009n,
    994009n + 2n,
    1009n ** 2n,
  ];
  const powers = [4294967291n ** 2n, 2642239n ** 3n, 65521n ** 4n, 3n ** 40n, 1009n ** 6n, 1621n ** 6n];
  const closePrimes = [4294967291n * 4294967279n, 2147483647n * 2147483629n];
  for (const n of [...carmichael, ...pseudoprimes, ...edges, ...powers, ...closePrimes]) assertFactored(n);
});

test('random small numbers beyond 64 bits are factored into proven primes', () => {
  const below = seededNaturals(5n);
  for (let bits = 65n; kernel.isSmall(1n << bits); bits++)
    for (let i = 0; i < 12; i++) {
      const { factors, complete, number } = kernel.factorSmall((1n << bits) - 1n - below(1n << (bits - 1n)));
      assert.ok(complete);
      for (const { prime, certainty } of factors) {
        assert.ok(isPrime(prime), `${prime}, given as a factor of ${number}, is composite`);
        assert.equal(certainty, 'proven');
      }
    }
});

test('a number of any size up to 1,000 digits is given a memory, at most as large as that of 100 digits', () => {
  const largest = kernel.memoryPages(1n << 334n);
  const classes = new Set<number>();
  for (let bits = 1n; bits <= 3322n; bits++) classes.add(kernel.memoryPages(1n << (bits - 1n)));
  assert.ok(Math.max(...classes) <= largest);
  assert.ok(classes.size <= 13);
});

test('a long number whose small primes leave a composite for the sieve has the memory for it', () => {
  const c73 = nextPrime(10n ** 36n) * nextPrime(4n * 10n ** 36n);
  for (const small of [2n ** 104n, 2n ** 2_000n * 3n ** 300n * 8_191n ** 5n])
    assert.equal(kernel.memoryPages(small * c73), kernel.memoryPages(c73));
  assert.ok(kernel.memoryPages(c73) > kernel.memoryPages(10n ** 150n));
});

test('a number that is not small, or below 1, is refused with its value', () => {
  assert.throws(() => kernel.factorSmall(0n), /Cannot factor 0 /);
  assert.throws(() => kernel.factorSmall(-5n), /Cannot factor -5 /);
  assert.throws(() => kernel.factorSmall(1n << 3000n), /Cannot factor \d+ /);
});
