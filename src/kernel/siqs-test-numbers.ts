/** Random numbers and primes from a seed, for the sieve's tests. */
import { isPrime } from './bigint-reference.ts';

/** A generator of u32 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
}

/** A prime of exactly `bits` bits. */
export function randomPrime(bits: number, random: () => number): bigint {
  for (;;) {
    let n = 0n;
    for (let i = 0; i < bits; i += 32) n = (n << 32n) | BigInt(random());
    n = BigInt.asUintN(bits - 1, n) | (1n << BigInt(bits - 1)) | 1n;
    if (isPrime(n)) return n;
  }
}
