import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { sieveSeconds } from './sieve-time.ts';

const GREATEST_PRIME = 10_000;
const LARGE_PRIME_MAX = 600_000;

function primesBetween(low: number, high: number): number[] {
  const isComposite = new Uint8Array(high + 1);
  const primes: number[] = [];
  for (let p = 2; p <= high; p++) {
    if (isComposite[p]) continue;
    if (p > low) primes.push(p);
    for (let multiple = p * p; multiple <= high; multiple += p) isComposite[multiple] = 1;
  }
  return primes;
}

/** Large primes with a probability ∝ 1/q. */
function largePrimeSource(random: () => number): () => number {
  const primes = primesBetween(GREATEST_PRIME, LARGE_PRIME_MAX);
  return () => {
    for (;;) {
      const prime = primes[Math.floor(random() * primes.length)] ?? 0;
      if (random() < GREATEST_PRIME / prime) return prime;
    }
  };
}

test('a tenth of a sieve tells how long all of it takes', () => {
  const next = largePrimeSource(seededRandom(1));
  const largePrimes = Array.from({ length: 20_000 }, next);
  // In 100 s there are 2,000 complete relations and 20,000 others.
  const needed = 2_000 + largePrimes.length - new Set(largePrimes).size;
  const seconds = sieveSeconds({
    seconds: 10,
    complete: 200,
    largePrimes: largePrimes.slice(0, 2_000),
    greatestPrime: GREATEST_PRIME,
    largePrimeMax: LARGE_PRIME_MAX,
    needed,
  });
  assert.ok(seconds > 95 && seconds < 105, `${seconds} s were expected, 100 s it takes`);
});

test('a sieve that has found nothing is expected to take for ever', () => {
  const sample = {
    seconds: 10,
    complete: 0,
    largePrimes: [],
    greatestPrime: GREATEST_PRIME,
    largePrimeMax: LARGE_PRIME_MAX,
    needed: 10,
  };
  assert.equal(sieveSeconds(sample), Infinity);
});
