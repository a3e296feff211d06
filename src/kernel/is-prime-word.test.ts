import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, nextPrime, seededNaturals } from './bigint-reference.ts';
import { isPrimeWord } from './is-prime-word.ts';
import { WORD_END } from './word-end.ts';

test('every number up to 10,000 is judged as trial division judges it', () => {
  for (let n = 0; n <= 10_000; n++) {
    let isPrimeByDivision = n > 1;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrimeByDivision = false;
    assert.equal(isPrimeWord(BigInt(n)), isPrimeByDivision, String(n));
  }
});

test('words of any size are judged as the reference judges them, primes and products of two primes among them', () => {
  const natural = seededNaturals(1n);
  for (let bits = 8n; bits <= 63n; bits++) {
    for (let i = 0; i < 20; i++) {
      const n = natural(1n << bits);
      const prime = nextPrime(n);
      assert.equal(isPrimeWord(n), isPrime(n), String(n));
      assert.equal(isPrimeWord(prime), true, String(prime));
    }
    const half = (bits + 1n) / 2n;
    const semiprime = nextPrime(natural(1n << half)) * nextPrime(natural(1n << half));
    if (semiprime < WORD_END) assert.equal(isPrimeWord(semiprime), false, String(semiprime));
  }
});

/** OEIS A014233: the least composites that pass Miller–Rabin to the first 1 to 9 prime bases. */
const STRONG_PSEUDOPRIMES = [
  2047n,
  1_373_653n,
  25_326_001n,
  3_215_031_751n,
  2_152_302_898_747n,
  3_474_749_660_383n,
  341_550_071_728_321n,
  3_825_123_056_546_413_051n,
];

test('composites made to pass for prime do not, and the largest prime of a word does', () => {
  for (const n of STRONG_PSEUDOPRIMES) assert.equal(isPrimeWord(n), false, String(n));
  assert.equal(isPrimeWord(WORD_END - 59n), true);
  assert.equal(isPrimeWord(WORD_END - 1n), false);
});
