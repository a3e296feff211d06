/** Trial division of a number of any size by the small primes, as parts. */
import { bitLength } from './bit-length.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { mergeParts, type Part, untestedPart } from './part.ts';

/** How far to divide: by the primes below 2^13, or by all that the kernel has, those below 2^16. */
export type TrialDepth = 'shallow' | 'deep';

export interface TrialDivision {
  /** The small prime factors, proven, and what is left, untested. */
  readonly parts: Part[];
  /** What is left has no prime factor below this. */
  readonly bound: number;
}

const DEEP_BOUND = 1 << 16;
/** After a division of any depth no part has a prime factor below this. */
export const TRIAL_BOUND = 1 << 13;
/** Odd primes below `TRIAL_BOUND`. */
const SHALLOW_COUNT = 1027;
/** Up to this length elliptic curves find the primes above `TRIAL_BOUND` sooner than division does. */
const SHALLOW_BITS_MAX = 160;

/** How far a number is worth dividing that is to be factored. */
export function trialDepthFor(n: bigint): TrialDepth {
  return bitLength(n) <= SHALLOW_BITS_MAX ? 'shallow' : 'deep';
}

/** Of n >= 1. Deep, it takes about 2 ms for 1,000 digits, 0.03 ms for 30; shallow, a fifth of that. */
export function divideByPrimes(kernel: KernelInstance, n: bigint, depth: TrialDepth): TrialDivision {
  const count = depth === 'shallow' ? SHALLOW_COUNT : kernel.oddPrimeCount;
  const pieces: Part[] = [];
  let rest = n;
  const divideBy = (prime: bigint): void => {
    let exponent = 0;
    for (; rest % prime === 0n; exponent++) rest /= prime;
    if (exponent > 0) pieces.push({ ...untestedPart(prime, exponent), kind: 'proven' });
  };
  divideBy(2n);
  let index = 0;
  while (index !== -1) {
    index = kernel.exports.findOddDivisor(kernel.writeNumber(rest), index, count);
    if (index !== -1) divideBy(BigInt(kernel.oddPrime(index)));
  }
  pieces.push(untestedPart(rest, 1));
  return { parts: mergeParts(pieces), bound: depth === 'shallow' ? TRIAL_BOUND : DEEP_BOUND };
}
