/**
 * What a way of proving primality is: a pure machine that asks for powers modulo n, one after the other, and draws conclusions.
 *
 * Its states are small plain data, so that a proof survives parking; the powers are computed elsewhere.
 */
import type { CyclotomicPower } from './cyclotomic-power.ts';

/** `undecided`: the method has no more to say, which is no proof of anything. */
export type ProofVerdict = 'proven' | 'composite' | 'undecided';

export interface ProofMethod<State> {
  /** The power that the state needs before it can go on, if any. */
  power(n: bigint, state: State): CyclotomicPower | undefined;
  /** A bounded piece of work, of at most about a millisecond, with the coefficients of that power; none if none was asked for. */
  advance(n: bigint, state: State, value: readonly bigint[]): State | ProofVerdict;
  /** How much of the work is done, in [0, 1]. */
  fraction(n: bigint, state: State): number;
}
