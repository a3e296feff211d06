/**
 * Proof by Jacobi sums: the test of Adleman, Pomerance & Rumely (1983) as Cohen & Lenstra (1984, 1987) made it practical; the
 * steps and names are those of Cohen 1993, algorithm 9.1.28.
 *
 * For each character χ of the plan a Gauss sum's power, written in Jacobi sums so that it stays in Z[ζ]/(n), must be a root of
 * unity, as it is for a prime. If all are, and condition L_p holds for each prime p in question, then every divisor of n is a
 * power of n modulo s; since s² > n it is enough to try those powers.
 *
 * n is odd, not divisible by the primes of the plan, and larger than all of them.
 */
import { assert } from '../base/assert.ts';
import { aprClPlan, type Character } from './apr-cl-plan.ts';
import { bitLength } from './bit-length.ts';
import { characterSums } from './character-sums.ts';
import { integerPower, type CyclotomicPower } from './cyclotomic-power.ts';
import { isPrimeWord } from './is-prime-word.ts';
import { rootExponent } from './jacobi-sum.ts';
import { gcd, powerModulo } from './modular-integers.ts';
import type { ProofVerdict } from './proof-verdict.ts';

export type AprClState =
  /**
   * The character of that index is tested (`character`), or, since its root of unity was a primitive one, Euler's criterion for
   * q (`euler`), which then shows L_2. From the end of the plan on, the character is one that is to show L_p for the first p of
   * those `lacking`.
   */
  | { readonly kind: 'character' | 'euler'; readonly index: number; readonly lacking: readonly number[] }
  /** The first `done` powers of n modulo s divide n only trivially; the last was `residue`. */
  | { readonly kind: 'residues'; readonly done: number; readonly residue: bigint };

type CharacterState = Exclude<AprClState, { kind: 'residues' }>;

const RESIDUES_IN_MOVE = 400;
/** Share of the whole work that goes by before the residues. */
const CHARACTERS_SHARE = 0.9;
/** Primes q tried for one that shows L_p: each is no use with a chance of 1/p. */
const FURTHER_PRIMES_MAX = 200;

export function aprClStart(n: bigint): AprClState {
  const { conditions, t } = aprClPlan(bitLength(n));
  assert(n > BigInt(t) + 1n, `Cannot prove ${n} by Jacobi sums: it must exceed ${t + 1}`);
  const lacking = conditions.filter((p) => p === 2 || powerModulo(n, BigInt(p - 1), BigInt(p * p)) === 1n);
  return { kind: 'character', index: 0, lacking };
}

/** The power that the state needs before it can go on, if any. */
export function aprClPower(n: bigint, state: AprClState): CyclotomicPower | undefined {
  if (state.kind === 'residues') return undefined;
  const character = characterOf(n, state);
  if (character === undefined) return undefined;
  return state.kind === 'euler' ? integerPower(character.q, n >> 1n) : gaussSumPower(n, character);
}

/** A bounded piece of work, with the coefficients of that power; none if none was asked for. */
export function aprClAdvance(
  n: bigint,
  state: AprClState,
  value: readonly bigint[],
): AprClState | ProofVerdict {
  if (state.kind === 'residues') return tryResidues(n, state);
  const character = characterOf(n, state);
  if (character === undefined) return 'undecided';
  return state.kind === 'euler'
    ? afterEuler(n, state, value[0]!)
    : afterCharacter(n, state, character, value);
}

/** How much of the work is done, in [0, 1]. */
export function aprClFraction(n: bigint, state: AprClState): number {
  const { characters, t } = aprClPlan(bitLength(n));
  if (state.kind === 'residues') return CHARACTERS_SHARE + (1 - CHARACTERS_SHARE) * (state.done / t);
  return (CHARACTERS_SHARE * state.index) / characters.length;
}

function characterOf(n: bigint, { index, lacking }: CharacterState): Character | undefined {
  return aprClPlan(bitLength(n)).characters[index] ?? furtherCharacter(n, lacking[0]!);
}

/**
 * A character outside the plan that shows L_p, if n is prime: n is no p-th power modulo its q. For p = 2 its order is 4, since
 * that of 2 is enough only where n = 1 mod 4.
 */
function furtherCharacter(n: bigint, p: number): Character | undefined {
  const order = p === 2 ? 4 : p;
  let tried = 0;
  for (let q = 1 + order; tried < FURTHER_PRIMES_MAX; q += order) {
    if ((q - 1) % (order * p) === 0 || !isPrimeWord(BigInt(q))) continue;
    tried++;
    const modulus = BigInt(q);
    const symbol = powerModulo(n, BigInt((q - 1) / p), modulus);
    if (symbol !== 0n && symbol !== 1n) return { prime: p, order, q };
  }
  return undefined;
}

/** What must be a root of unity: Cohen's S(p, q) of steps 4a to 4d. */
function gaussSumPower(n: bigint, { prime, order, q }: Character): CyclotomicPower {
  if (order === 2) return integerPower(-q, n >> 1n);
  const rest = Number(n % BigInt(order));
  const inner = Array.from({ length: order }, () => 0);
  const outer = [...inner];
  for (let x = 1; x < order; x++) {
    if (!isInExponentSet(x, prime, order)) continue;
    const y = inverseOf(x, order);
    inner[y] = order === 4 ? 2 : x;
    outer[y] = order === 4 ? (rest === 3 ? 2 : 0) : Math.floor((rest * x) / order);
  }
  const { base, ofOrder8 } = characterSums({ prime, order, q });
  const one = base.map((_, i) => (i === 0 ? 1 : 0));
  const extra = isInExponentSet(rest, prime, order) ? one : ofOrder8;
  const scale = order === 4 ? q : 1;
  return { prime, order, base, extra, inner, outer, scale, exponent: n / BigInt(order) };
}

/** The set E over which Cohen's Θ and α are sums. */
function isInExponentSet(x: number, prime: number, order: number): boolean {
  if (prime !== 2) return x % prime !== 0;
  return order === 4 ? x === 1 : x % 8 === 1 || x % 8 === 3;
}

function inverseOf(x: number, order: number): number {
  let y = 1;
  while ((x * y) % order !== 1) y++;
  return y;
}

function afterCharacter(
  n: bigint,
  state: CharacterState,
  { prime, order }: Character,
  value: readonly bigint[],
): AprClState | ProofVerdict {
  const root = rootExponent(value, prime, order, n);
  if (root === undefined) return 'composite';
  const isPrimitive = root % prime !== 0;
  if (!isPrimitive || !state.lacking.includes(prime)) return nextCharacter(n, state, state.lacking);
  if (prime === 2 && order > 2) return { ...state, kind: 'euler' };
  const isShown = prime !== 2 || n % 4n === 1n;
  return nextCharacter(n, state, isShown ? without(state.lacking, prime) : state.lacking);
}

function afterEuler(n: bigint, state: CharacterState, symbol: bigint): AprClState | ProofVerdict {
  if (symbol !== 1n && symbol !== n - 1n) return 'composite';
  return nextCharacter(n, state, symbol === 1n ? state.lacking : without(state.lacking, 2));
}

function nextCharacter(
  n: bigint,
  { index, lacking: before }: CharacterState,
  lacking: readonly number[],
): AprClState | ProofVerdict {
  const { characters, s, t } = aprClPlan(bitLength(n));
  if (index + 1 < characters.length) return { kind: 'character', index: index + 1, lacking };
  if (lacking.length === 0)
    return gcd(n, s * BigInt(t)) === 1n ? { kind: 'residues', done: 0, residue: 1n } : 'composite';
  // A further character shows its condition for every prime: one that did not will not.
  const wasFurther = index >= characters.length;
  if (wasFurther && lacking.length === before.length) return 'undecided';
  return { kind: 'character', index: characters.length, lacking };
}

function tryResidues(n: bigint, state: Extract<AprClState, { kind: 'residues' }>): AprClState | ProofVerdict {
  const { s, t } = aprClPlan(bitLength(n));
  const factor = n % s;
  let { done, residue } = state;
  for (let i = 0; i < RESIDUES_IN_MOVE; i++) {
    done++;
    residue = (residue * factor) % s;
    if (residue === 1n) return 'proven';
    if (n % residue === 0n && residue < n) return 'composite';
  }
  assert(done < t, `The order of ${n} modulo ${s} must divide ${t}`);
  return { kind: 'residues', done, residue };
}

function without(list: readonly number[], value: number): number[] {
  return list.filter((v) => v !== value);
}
