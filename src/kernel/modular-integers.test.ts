import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, nextPrime, powMod, seededNaturals } from './bigint-reference.ts';
import { gcd, jacobiSymbol, powerModulo } from './modular-integers.ts';

test('powers and common divisors are those of their definition, at the edges too', () => {
  for (const m of [1n, 2n, 7n, 10n])
    for (let base = 0n; base < 12n; base++)
      for (let exponent = 0n; exponent < 8n; exponent++)
        assert.equal(powerModulo(base, exponent, m), base ** exponent % m);
  assert.deepEqual([gcd(0n, 0n), gcd(0n, -6n), gcd(12n, 18n), gcd(-12n, 35n)], [0n, 6n, 6n, 1n]);
});

test('the Jacobi symbol modulo a prime is that of Euler', () => {
  const below = seededNaturals(7n);
  const primes = [3n, 5n, 7n, 11n, 13n, 2n ** 61n - 1n, nextPrime(10n ** 30n), nextPrime(10n ** 20n)];
  assert.ok(primes.every(isPrime));
  for (const p of primes)
    for (let i = 0; i < 200; i++) {
      const a = 1n + below(1n << BigInt(1 + (i % 26)));
      const power = powMod(a, (p - 1n) / 2n, p);
      const expected = power === p - 1n ? -1 : Number(power);
      assert.equal(jacobiSymbol(Number(a), p), expected, `${a} modulo ${p}`);
    }
});

test('the Jacobi symbol modulo a product is the product of those modulo the factors', () => {
  const moduli = [
    [3n, 5n],
    [7n, 7n],
    [101n, 10n ** 20n + 39n],
  ] as const;
  for (let a = 1; a < 60; a++)
    for (const [p, q] of moduli) {
      const product = jacobiSymbol(a, p) * jacobiSymbol(a, q);
      assert.ok(jacobiSymbol(a, p * q) === product, `${a} modulo ${p}·${q}`); // 0 or -0 alike.
    }
});
