/** The prime factors of a batch of words as the kernel gives them: flat arrays, which cross to other threads at little cost. */
import { assert } from '../base/assert.ts';
import type { Factor } from '../domain/factorization.ts';

/** Survives structured cloning. */
export interface WordFactors {
  /** How many prime factors each word has, with multiplicity. */
  readonly counts: Uint8Array;
  /** The prime factors of one word after the other, each word's ascending: all proven. */
  readonly primes: BigUint64Array;
  /** What each word has cost, to be read as shares of the whole: positive, in no unit. */
  readonly work: Uint32Array;
}

/**
 * Throws an AssertionFailure unless the factors of every word ascend from 2 and multiply to it. They are compared and multiplied as
 * doubles as long as these are exact: a bigint is made for a prime that exceeds what is left of 53 bits, and for the whole.
 */
export function checkWordFactors(words: readonly bigint[], { counts, primes }: WordFactors): void {
  assert(
    counts.length === words.length,
    () => `Factors of ${words.length} words are wanted, and of ${counts.length} there`,
  );
  const halves = new Uint32Array(primes.buffer, primes.byteOffset, 2 * primes.length);
  let end = 0;
  for (const [i, word] of words.entries()) {
    let exact = 1;
    let product = 1n;
    let least = 2;
    const begin = end;
    end += counts[i]!;
    for (let j = begin; j < end; j++) {
      const prime = halves[2 * j]! + halves[2 * j + 1]! * 2 ** 32;
      assert(
        prime >= least,
        () => `Factors of ${word} must ascend from 2: ${primes[j]} comes after ${least}`,
      );
      if (exact * prime <= Number.MAX_SAFE_INTEGER) exact *= prime;
      else product *= primes[j]!;
      least = prime;
    }
    product *= BigInt(exact);
    assert(product === word, () => `Factors must multiply to ${word}: they multiply to ${product}`);
  }
}

/** The same as factors, word by word. */
export function factorsOfWords({ counts, primes }: WordFactors): Factor[][] {
  let end = 0;
  return Array.from(counts, (count) => {
    const factors: Factor[] = [];
    const wordEnd = end + count;
    while (end < wordEnd) {
      const prime = primes[end]!;
      const begin = end++;
      while (end < wordEnd && primes[end] === prime) end++;
      factors.push({ prime, exponent: end - begin, certainty: 'proven' });
    }
    return factors;
  });
}
