import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APR_CL_BITS_MAX, aprClPlan } from './apr-cl-plan.ts';
import { isPrime, powMod, primeFactorsByDivision, seededNaturals } from './bigint-reference.ts';

const BITS = [9, 16, 31, 64, 65, 82, 100, 128, 200, 333, 500, 664, APR_CL_BITS_MAX];

test('for every size the square of s exceeds the number, and t is an exponent of the group modulo s', () => {
  const below = seededNaturals(8n);
  for (let bits = 9; bits <= APR_CL_BITS_MAX; bits += bits < 130 ? 1 : 61) {
    const { s, t } = aprClPlan(bits);
    assert.ok(s * s > 1n << BigInt(bits), `${bits} bits`);
    const factors = primeDivisorsOf(s);
    for (let i = 0; i < 20; i++) {
      const a = below(s);
      if (factors.every((p) => a % p !== 0n)) assert.equal(powMod(a, BigInt(t), s), 1n, `${bits} bits`);
    }
  }
});

test('there is a character for each prime in q - 1, of the full order, for each odd prime q of s', () => {
  for (const bits of BITS) {
    const { s, characters } = aprClPlan(bits);
    const moduli = new Set(characters.map(({ q }) => q));
    assert.deepEqual([...primeDivisorsOf(s)], [2n, ...[...moduli].map(BigInt)]);
    for (const q of moduli) {
      assert.ok(isPrime(BigInt(q)));
      const orders = characters.filter((character) => character.q === q).map(({ order }) => order);
      assert.equal(
        orders.reduce((a, b) => a * b, 1),
        q - 1,
      );
    }
  }
});

test('there is a condition for 2, each prime in an order and each prime whose square divides s', () => {
  for (const bits of BITS) {
    const { s, characters, conditions } = aprClPlan(bits);
    const needed = new Set([2, ...characters.map(({ prime }) => prime)]);
    for (const { q } of characters) if (s % BigInt(q * q) === 0n) needed.add(q);
    assert.deepEqual(new Set(conditions), needed);
  }
});

test('numbers that are too long are refused with their length', () => {
  assert.throws(() => aprClPlan(3_000), /Cannot plan a proof for 3000 bits/);
});

/** The primes of s, ascending: all are below 10^6. */
function primeDivisorsOf(s: bigint): bigint[] {
  const primes: bigint[] = [];
  let rest = s;
  for (let p = 2n; rest > 1n; p++) {
    if (rest % p !== 0n) continue;
    assert.equal(primeFactorsByDivision(Number(p)).length, 1);
    primes.push(p);
    while (rest % p === 0n) rest /= p;
  }
  return primes;
}
