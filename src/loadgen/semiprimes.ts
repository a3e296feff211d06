/**
 * The numbers of a load: products of two primes of about equal size, the hard case for their length. Their factors are known, so that an
 * answer is compared rather than computed.
 *
 * Invariant: the same seed gives the same numbers, and those of one length are all different until every product of two primes of the
 * pools has come.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kernel } from '../kernel/kernel.ts';
import { PRIME_DIGITS_MAX, primePool } from './prime-pool.ts';
import { randomAt, seedFor } from './seeded-random.ts';

/** All in decimal. */
export interface Semiprime {
  readonly number: string;
  /** Ascending. */
  readonly primes: readonly [string, string];
}

export interface SemiprimeOptions {
  /** From `SEMIPRIME_DIGITS_MIN` to `SEMIPRIME_DIGITS_MAX`, both included. */
  readonly digits: { readonly min: number; readonly max: number };
  readonly seed: number;
}

/** What numbers are made of: primes by their count of decimal digits. Plain data, made once and given to every thread. */
export type PrimePools = ReadonlyMap<number, readonly bigint[]>;

export interface PoolHooks {
  /** Tests the primes. */
  readonly kernel: Kernel;
  /** Told before each pool how many of them are made. */
  readonly onPool?: (made: number, of: number) => void;
  readonly signal?: AbortSignal;
}

export const SEMIPRIME_DIGITS_MIN = 2;
export const SEMIPRIME_DIGITS_MAX = 2 * PRIME_DIGITS_MAX;

/**
 * Takes up to some seconds, in turns of a second at most, between which the signal is heard: rejects with its reason when it aborts.
 */
export async function primePools(
  { digits, seed }: SemiprimeOptions,
  { kernel, onPool, signal }: PoolHooks,
): Promise<PrimePools> {
  const least = Math.floor(digits.min / 2);
  const lengths = Array.from({ length: Math.ceil(digits.max / 2) - least + 1 }, (_, i) => least + i);
  const pools = new Map<number, readonly bigint[]>();
  for (const length of lengths) {
    onPool?.(pools.size, lengths.length);
    await nextTurn();
    signal?.throwIfAborted();
    pools.set(length, primePool(length, seedFor(seed, `primes ${length}`), kernel));
  }
  return pools;
}

/** How many numbers are all different, from the first on: as many as the length of the fewest has. */
export function distinctSemiprimes({ digits }: Pick<SemiprimeOptions, 'digits'>, pools: PrimePools): number {
  return Math.min(...gridsOf(digits, pools).map(({ short, long }) => short.length * long.length));
}

/** Gives the `index`-th number (from 0) in a microsecond. `pools` are those of the same options. */
export function semiprimes(
  { digits, seed }: SemiprimeOptions,
  pools: PrimePools,
): (index: number) => Semiprime {
  const grids = gridsOf(digits, pools);
  const lengthSeed = seedFor(seed, 'digits');
  return (index) => {
    const grid = grids[grids.length === 1 ? 0 : Math.floor(randomAt(lengthSeed, index) * grids.length)]!;
    // Along the diagonals of the grid of products: a new pair each time, until all have come.
    const [row, lap] = [index % grid.short.length, Math.floor(index / grid.short.length)];
    const p = grid.short[row]!;
    const q = grid.long[(row + lap) % grid.long.length]!;
    return { number: String(p * q), primes: p < q ? [String(p), String(q)] : [String(q), String(p)] };
  };
}

/** The primes that the products of each length are made of. */
interface Grid {
  readonly short: readonly bigint[];
  readonly long: readonly bigint[];
}

function gridsOf({ min, max }: SemiprimeOptions['digits'], pools: PrimePools): Grid[] {
  return Array.from({ length: max - min + 1 }, (_, i) => {
    const [short = [], long = []] = [Math.floor((min + i) / 2), Math.ceil((min + i) / 2)].map((length) =>
      pools.get(length),
    );
    // Halves of a pool, so that no prime meets itself.
    return { short: short.slice(0, short.length / 2), long: long.slice(long.length / 2) };
  });
}
