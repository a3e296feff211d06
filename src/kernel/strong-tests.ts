/**
 * Proof by strong probable-prime tests: below 3.3·10^24 no composite passes those to the first thirteen primes (Sorenson &
 * Webster 2015, "Strong pseudoprimes to twelve prime bases").
 */
import type { KernelInstance } from './kernel-instance.ts';

/** The least composite that passes them all. */
export const STRONG_TESTS_END = 3317044064679887385961981n;
const BASES = 13;

/** Whether n, odd and from 43 to STRONG_TESTS_END - 1, is prime. About 0.02 ms for a prime. */
export function isPrimeByStrongTests(kernel: KernelInstance, n: bigint): boolean {
  kernel.setModulus(n);
  return kernel.exports.passesStrongTests(BASES) !== 0;
}
