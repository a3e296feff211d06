/**
 * The proof that a number which has passed the Baillie–PSW test is prime, as a machine of moves of a few milliseconds.
 *
 * Strong tests to fixed bases, where they are a proof; else n - 1 and n + 1, where trial division splits enough of them; else
 * Jacobi sums, up to a size. What a move needs lies in the state and in the memory.
 */
import { APR_CL_BITS_MAX } from './apr-cl-plan.ts';
import { aprCl, aprClStart, type AprClState } from './apr-cl.ts';
import { bitLength } from './bit-length.ts';
import { startPower, stepPower } from './cyclotomic-power.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { neighbourProof, neighbourProofStart, type NeighbourProofState } from './neighbour-proof.ts';
import type { ProofMethod, ProofVerdict } from './proof-method.ts';
import { strongTests, STRONG_TESTS_END, type StrongTestsState } from './strong-tests.ts';

type MethodState =
  | { readonly method: 'strong-tests'; readonly at: StrongTestsState }
  | { readonly method: 'neighbours'; readonly at: NeighbourProofState }
  | { readonly method: 'jacobi-sums'; readonly at: AprClState };

export type ProofState = MethodState & {
  /** The degree of the ring in which the power that the method asked for is under way in the memory; 0 if none is. */
  readonly powering: number;
};

/** The first state of the proof of n, odd, at least 2^64 and without factors below 2^13; undefined where no method reaches. */
export function proofStart(kernel: KernelInstance, n: bigint): ProofState | undefined {
  if (n < STRONG_TESTS_END) return { method: 'strong-tests', at: { passed: 0 }, powering: 0 };
  const neighbours = neighbourProofStart(kernel, n);
  if (neighbours) return { method: 'neighbours', at: neighbours, powering: 0 };
  return jacobiSums(n);
}

/** One move: the next state, or the verdict. About `productsMax` Montgomery products or a millisecond of other work. */
export function proofStep(
  kernel: KernelInstance,
  n: bigint,
  state: ProofState,
  productsMax: number,
): ProofState | ProofVerdict {
  const next = stepOf(kernel, n, state, productsMax);
  // What one method leaves open, which is next to impossible, the last may still settle.
  if (next === 'undecided' && state.method !== 'jacobi-sums') return jacobiSums(n) ?? next;
  return next;
}

/** How much of the work is done, in [0, 1]. */
export function proofFraction(n: bigint, state: ProofState): number {
  if (state.method === 'strong-tests') return strongTests.fraction(n, state.at);
  if (state.method === 'neighbours') return neighbourProof.fraction(n, state.at);
  return aprCl.fraction(n, state.at);
}

function jacobiSums(n: bigint): ProofState | undefined {
  if (bitLength(n) > APR_CL_BITS_MAX) return undefined;
  return { method: 'jacobi-sums', at: aprClStart(n), powering: 0 };
}

function stepOf(
  kernel: KernelInstance,
  n: bigint,
  state: ProofState,
  productsMax: number,
): ProofState | ProofVerdict {
  const go = <At extends object>(
    method: ProofMethod<At>,
    at: At,
    wrap: (at: At) => MethodState,
  ): ProofState | ProofVerdict => {
    const power = state.powering === 0 ? method.power(n, at) : undefined;
    if (power) {
      startPower(kernel, n, power);
      return { ...state, powering: power.base.length };
    }
    const value = state.powering === 0 ? [] : stepPower(kernel, n, state.powering, productsMax);
    if (value === undefined) return state;
    const next = method.advance(n, at, value);
    return typeof next === 'string' ? next : { ...wrap(next), powering: 0 };
  };
  if (state.method === 'strong-tests')
    return go(strongTests, state.at, (at) => ({ method: 'strong-tests', at }));
  if (state.method === 'neighbours')
    return go(neighbourProof, state.at, (at) => ({ method: 'neighbours', at }));
  return go(aprCl, state.at, (at) => ({ method: 'jacobi-sums', at }));
}
