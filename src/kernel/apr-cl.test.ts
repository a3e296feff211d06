import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, nextPrime, seededNaturals } from './bigint-reference.ts';
import { proveByJacobiSums } from './proof-runs.ts';

const below = seededNaturals(6n);

/** A random prime of that many bits. */
function primeOf(bits: bigint): bigint {
  return nextPrime((1n << (bits - 1n)) + below(1n << (bits - 2n)));
}

test('of all numbers up to 60,000 that are prime to 6 just the primes are proven', () => {
  for (let n = 201n; n < 60_000n; n += 2n) {
    if (n % 3n === 0n) continue;
    const verdict = proveByJacobiSums(n);
    if (isPrime(n)) assert.equal(verdict, 'proven', `${n}`);
    else assert.notEqual(verdict, 'proven', `${n}`);
  }
});

test('primes of 20 to 130 digits are proven, in every class modulo 24', () => {
  const classes = new Set<bigint>();
  for (let digits = 20n; digits <= 130n; digits += digits < 62n ? 1n : 34n) {
    const n = nextPrime(10n ** (digits - 1n) + below(9n * 10n ** (digits - 1n)));
    assert.equal(proveByJacobiSums(n), 'proven', `${n}`);
    classes.add(n % 24n);
  }
  assert.equal(classes.size, 8);
});

test('a prime of 200 digits is proven', () => {
  assert.equal(proveByJacobiSums(10n ** 199n + 153n), 'proven');
});

test('products of two primes, apart, close or equal, are composite', () => {
  for (let bits = 14n; bits <= 140n; bits += 6n)
    for (let i = 0; i < 6; i++) {
      const p = primeOf(bits);
      for (const n of [p * primeOf(bits), p * nextPrime(p + 2n), p * p, p ** 3n])
        assert.equal(proveByJacobiSums(n), 'composite', `${n}`);
    }
});

test('products that pass many probable-prime tests are composite', () => {
  for (let bits = 16n; bits <= 100n; bits += 2n) {
    const p = primeOf(bits);
    // p·(r·(p - 1) + 1), of which strong pseudoprimes are made (Pomerance, Selfridge & Wagstaff 1980).
    for (let r = 2n; r < 60n; r++) {
      const q = r * (p - 1n) + 1n;
      if (isPrime(q)) assert.equal(proveByJacobiSums(p * q), 'composite', `${p * q}`);
    }
  }
});

test('Carmichael numbers are composite', () => {
  // (6k + 1)(12k + 1)(18k + 1), all three prime (Chernick 1939).
  for (let size = 3n; size <= 15n; size += 2n) {
    let k = 10n ** size + below(10n ** size);
    while (![6n, 12n, 18n].every((m) => isPrime(m * k + 1n))) k++;
    const n = (6n * k + 1n) * (12n * k + 1n) * (18n * k + 1n);
    assert.equal(proveByJacobiSums(n), 'composite', `${n}`);
  }
});

test('strong pseudoprimes to many bases are composite', () => {
  for (const [p, q] of [
    // To the primes up to 37 and 41 (Sorenson & Webster 2015), and up to 31 (Arnault 1995).
    [399165290221n, 798330580441n],
    [1287836182261n, 2575672364521n],
    [24444516448431392447461n, 48889032896862784894921n],
  ] as const)
    assert.equal(proveByJacobiSums(p * q), 'composite', `${p * q}`);
});
