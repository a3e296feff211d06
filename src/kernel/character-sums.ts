/**
 * The Jacobi sums by which the test of Cohen & Lenstra writes the power of a Gauss sum (Cohen 1993, 9.1.5 and 9.1.28), for each
 * character once: they depend on the character alone, and every prime of a size is proven with the same characters.
 */
import type { Character } from './apr-cl-plan.ts';
import { jacobiSum, multiplyElements } from './jacobi-sum.ts';

/** Coefficients at 1, ζ, … of elements of Z[ζ]. */
export interface CharacterSums {
  /** j(χ, χ), and for orders 8, 16, … j(χ, χ)·j(χ², χ). */
  readonly base: readonly number[];
  /** For orders 8, 16, … j(χ^(m/8), χ^(3m/8))²; else 1. */
  readonly ofOrder8: readonly number[];
}

/** All characters of all plans are some thousands, of some tens of coefficients each. */
const known = new Map<string, CharacterSums>();

export function characterSums(character: Character): CharacterSums {
  const key = `${character.q}:${character.order}`;
  let sums = known.get(key);
  if (sums === undefined) {
    sums = computeSums(character);
    known.set(key, sums);
  }
  return sums;
}

function computeSums({ prime, order, q }: Character): CharacterSums {
  const sum = jacobiSum(q, prime, order, 1, 1);
  if (prime !== 2 || order === 4) return { base: sum, ofOrder8: sum.map((_, i) => (i === 0 ? 1 : 0)) };
  const ofOrder8 = jacobiSum(q, prime, order, order / 8, (3 * order) / 8);
  return {
    base: multiplyElements(sum, jacobiSum(q, prime, order, 2, 1), prime, order),
    ofOrder8: multiplyElements(ofOrder8, ofOrder8, prime, order),
  };
}
