import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, nextPrime, seededNaturals } from './bigint-reference.ts';
import { proveByStrongTests } from './proof-runs.ts';
import { STRONG_TESTS_END } from './strong-tests.ts';

test('of all odd numbers up to 50,000 just the primes are proven', () => {
  for (let n = 43n; n < 50_000n; n += 2n)
    assert.equal(proveByStrongTests(n), isPrime(n) ? 'proven' : 'composite', `${n}`);
});

test('random primes up to the bound are proven, and composites are not', () => {
  const below = seededNaturals(2n);
  for (let i = 0; i < 300; i++) {
    const n = (1n << 64n) + below(STRONG_TESTS_END - (1n << 65n));
    const prime = nextPrime(n);
    assert.equal(proveByStrongTests(prime), 'proven');
    const odd = n | 1n;
    if (odd !== prime) assert.equal(proveByStrongTests(odd), 'composite');
  }
});

test('the least strong pseudoprime to the first twelve bases fails, and the bound itself is the least to thirteen', () => {
  assert.equal(proveByStrongTests(318665857834031151167461n), 'composite');
  assert.equal(STRONG_TESTS_END, 1287836182261n * 2575672364521n);
  assert.equal(proveByStrongTests(STRONG_TESTS_END), 'proven', 'So the bound must not be included.');
});
