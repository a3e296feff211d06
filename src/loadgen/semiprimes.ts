/**
 * The numbers of a load: products of two primes of about equal size, the hard case for their length. Their factors are known, so that an
 * answer is compared rather than computed.
 *
 * Invariant: the same seed gives the same numbers, and those of one length are all different until every product of two primes of the
 * pools has come.
 */
import type { Kernel } from '../kernel/kernel.ts';
import { PRIME_DIGITS_MAX, primePool, primePoolSize } from './prime-pool.ts';
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
  /** Tests the primes. */
  readonly kernel: Kernel;
}

export const SEMIPRIME_DIGITS_MIN = 2;
export const SEMIPRIME_DIGITS_MAX = 2 * PRIME_DIGITS_MAX;

/** How many numbers are all different, from the first on: as many as the length of the fewest has. */
export function distinctSemiprimes({ digits, seed }: Omit<SemiprimeOptions, 'kernel'>): number {
  const size = (length: number): number => primePoolSize(length, poolSeed(seed, length));
  const counts = Array.from({ length: digits.max - digits.min + 1 }, (_, i) => {
    const [short, long] = [size(Math.floor((digits.min + i) / 2)), size(Math.ceil((digits.min + i) / 2))];
    return Math.floor(short / 2) * Math.ceil(long / 2);
  });
  return Math.min(...counts);
}

function poolSeed(seed: number, length: number): number {
  return seedFor(seed, `primes ${length}`);
}

/** Gives the `index`-th number (from 0) in a microsecond; making the primes takes up to some seconds before that. */
export function semiprimes({ digits, seed, kernel }: SemiprimeOptions): (index: number) => Semiprime {
  const pools = new Map<number, readonly bigint[]>();
  const pool = (length: number): readonly bigint[] => {
    const known = pools.get(length) ?? primePool(length, poolSeed(seed, length), kernel);
    pools.set(length, known);
    return known;
  };
  const grids = Array.from({ length: digits.max - digits.min + 1 }, (_, i) => {
    const [short, long] = [pool(Math.floor((digits.min + i) / 2)), pool(Math.ceil((digits.min + i) / 2))];
    // Halves of a pool, so that no prime meets itself.
    return { short: short.slice(0, short.length / 2), long: long.slice(long.length / 2) };
  });
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
