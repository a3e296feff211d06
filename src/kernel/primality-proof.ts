/**
 * The proof that a number which has passed the Baillie–PSW test is prime, as a machine of moves of a few milliseconds.
 *
 * Strong tests to fixed bases, where they are a proof; else n - 1 and n + 1, where trial division splits enough of them; else
 * Jacobi sums, up to a size. What a move needs lies in the state and in the memory.
 */
import { APR_CL_BITS_MAX } from './apr-cl-plan.ts';
import { aprClAdvance, aprClFraction, aprClPower, aprClStart, type AprClState } from './apr-cl.ts';
import { bitLength } from './bit-length.ts';
import { startPower, stepPower } from './cyclotomic-power.ts';
import type { KernelInstance } from './kernel-instance.ts';
import {
  neighbourProofFraction,
  neighbourProofStart,
  type NeighbourProofState,
  neighbourProofStep,
} from './neighbour-proof.ts';
import type { ProofVerdict } from './proof-verdict.ts';
import { isPrimeByStrongTests, STRONG_TESTS_END } from './strong-tests.ts';

export type ProofState =
  | { readonly method: 'strong-tests' }
  | { readonly method: 'neighbours'; readonly at: NeighbourProofState }
  | {
      readonly method: 'jacobi-sums';
      readonly at: AprClState;
      /** The degree of the ring in which the power that the state asked for is under way in the memory; 0 if none is. */
      readonly powering: number;
    };

/** The first state of the proof of n, odd, at least 2^64 and without factors below 2^13; undefined where no method reaches. */
export function proofStart(kernel: KernelInstance, n: bigint): ProofState | undefined {
  if (n < STRONG_TESTS_END) return { method: 'strong-tests' };
  const at = neighbourProofStart(kernel, n);
  return at ? { method: 'neighbours', at } : jacobiSums(n);
}

/** One move: the next state, or the verdict. About `productsMax` Montgomery products or a millisecond of other work. */
export function proofStep(
  kernel: KernelInstance,
  n: bigint,
  state: ProofState,
  productsMax: number,
): ProofState | ProofVerdict {
  if (state.method === 'strong-tests') return isPrimeByStrongTests(kernel, n) ? 'proven' : 'composite';
  if (state.method === 'jacobi-sums') return stepJacobiSums(kernel, n, state, productsMax);
  const next = neighbourProofStep(kernel, n, state.at, productsMax);
  // What they leave open, which is next to impossible, Jacobi sums may still settle.
  if (next === 'undecided') return jacobiSums(n) ?? next;
  return typeof next === 'string' ? next : { method: 'neighbours', at: next };
}

/** How much of the work is done, in [0, 1]. */
export function proofFraction(n: bigint, state: ProofState): number {
  if (state.method === 'strong-tests') return 0;
  return state.method === 'neighbours' ? neighbourProofFraction(state.at) : aprClFraction(n, state.at);
}

function jacobiSums(n: bigint): ProofState | undefined {
  if (bitLength(n) > APR_CL_BITS_MAX) return undefined;
  return { method: 'jacobi-sums', at: aprClStart(n), powering: 0 };
}

function stepJacobiSums(
  kernel: KernelInstance,
  n: bigint,
  state: Extract<ProofState, { method: 'jacobi-sums' }>,
  productsMax: number,
): ProofState | ProofVerdict {
  const { at, powering } = state;
  const power = powering === 0 ? aprClPower(n, at) : undefined;
  if (power) {
    startPower(kernel, n, power);
    return { ...state, powering: power.base.length };
  }
  const value = powering === 0 ? [] : stepPower(kernel, n, powering, productsMax);
  if (value === undefined) return state;
  const next = aprClAdvance(n, at, value);
  return typeof next === 'string' ? next : { method: 'jacobi-sums', at: next, powering: 0 };
}
