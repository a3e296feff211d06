/**
 * Proof by strong probable-prime tests: below 3.3·10^24 no composite passes those to the first thirteen prime bases (Sorenson &
 * Webster 2015, "Strong pseudoprimes to twelve prime bases").
 */
import { integerPower } from './cyclotomic-power.ts';
import type { ProofMethod } from './proof-method.ts';

const BASES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41] as const;
/** The least composite that passes them all. */
export const STRONG_TESTS_END = 3317044064679887385961981n;

export interface StrongTestsState {
  /** Bases passed. */
  readonly passed: number;
}

/** For odd n from 43 to STRONG_TESTS_END. */
export const strongTests: ProofMethod<StrongTestsState> = {
  power(n, { passed }) {
    return integerPower(BASES[passed]!, (n - 1n) >> BigInt(twosBefore(n)));
  },

  advance(n, { passed }, [value]) {
    if (!reachesMinusOne(value!, n)) return 'composite';
    return passed + 1 === BASES.length ? 'proven' : { passed: passed + 1 };
  },

  fraction(_n, { passed }) {
    return passed / BASES.length;
  },
};

/** Whether a power of odd exponent is 1, or -1 before it has been squared up to the exponent n - 1. */
function reachesMinusOne(power: bigint, n: bigint): boolean {
  if (power === 1n) return true;
  let square = power;
  for (let squares = twosBefore(n); squares > 0; squares--) {
    if (square === n - 1n) return true;
    square = (square * square) % n;
  }
  return false;
}

/** How often 2 divides n - 1. */
function twosBefore(n: bigint): number {
  let twos = 0;
  for (let rest = n - 1n; (rest & 1n) === 0n; rest >>= 1n) twos++;
  return twos;
}
