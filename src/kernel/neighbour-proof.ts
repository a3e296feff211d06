/**
 * Proof by the factors of n - 1 and n + 1 that trial division finds (Pocklington 1914; Morrison 1975; Brillhart, Lehmer &
 * Selfridge 1975).
 *
 * A *claim* is that a prime q | n ∓ 1, to the power with which it divides, divides r ∓ 1, or r ± 1, for every prime r | n:
 *
 *   n - 1: b = a^((n - 1)/q) with b^q = 1 and b - 1 prime to n has, modulo r, an order that the whole power of q divides.
 *   n + 1: the same of w = z^((n + 1)/q) in the group of Z[ζ]/(r) over Z/(r), of order r ± 1, for ζ of order 4 or 3: w^q is an
 *          integer, and the coefficient of w at ζ prime to n. The norm of z must be prime to n.
 *
 * With F₁ and F₂ made of the powers claimed, r = 1 mod F₁ and r = ±1 mod F₂. That decides whether n is prime if F₁³ > n, or
 * (F₂ - 1)² > n, or (F₁·F₂/2)² > n.
 */
import { assert } from '../base/assert.ts';
import { elementPower, integerPower } from './cyclotomic-power.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { gcd, inverseModulo, powerModulo } from './modular-integers.ts';
import { integerRoot } from './perfect-power.ts';
import type { ProofMethod, ProofVerdict } from './proof-method.ts';
import { divideByPrimes } from './trial-division.ts';

/** -1: of n - 1; 1: of n + 1. */
type Side = -1 | 1;

export interface Claim {
  readonly side: Side;
  readonly prime: number;
}

export interface NeighbourProofState {
  readonly claims: readonly Claim[];
  /** The claims shown. */
  readonly shown: number;
  /** The base that is tried for the next: a itself, or z = base + ζ. */
  readonly base: number;
}

/** 1 + ζ is a root of unity times an integer or a factor of 2, so that it shows nothing. */
const BASE_MIN = 2;
/** Each base is of no use with a chance of 1/q. */
const BASE_MAX = 200;

/** Undefined where trial division finds too little. About 1 ms for 300 digits. n is odd, and prime to 3. */
export function neighbourProofStart(kernel: KernelInstance, n: bigint): NeighbourProofState | undefined {
  const before = claimsOf(kernel, n, -1);
  const after = extensionOrder(n) === undefined ? [] : claimsOf(kernel, n, 1);
  for (const claims of [before, after, byPower(n, [...before, ...after])]) {
    for (let count = 1; count <= claims.length; count++) {
      const enough = claims.slice(0, count);
      if (decides(n, enough)) return { claims: enough, shown: 0, base: BASE_MIN };
    }
  }
  return undefined;
}

export const neighbourProof: ProofMethod<NeighbourProofState> = {
  power(n, { claims, shown, base }) {
    const claim = claims[shown];
    if (claim === undefined) return undefined;
    const exponent = (n + BigInt(claim.side)) / BigInt(claim.prime);
    if (claim.side === -1) return integerPower(base, exponent);
    const order = extensionOrder(n)!;
    return elementPower(order === 4 ? 2 : 3, order, [base, 1], exponent);
  },

  advance(n, state, value) {
    const claim = state.claims[state.shown];
    if (claim === undefined) return conclude(n, state.claims);
    const outcome =
      claim.side === -1 ? testBefore(n, claim, value[0]!) : testAfter(n, claim, state.base, value);
    if (outcome === 'composite') return outcome;
    if (outcome === 'shown') return { ...state, shown: state.shown + 1, base: BASE_MIN };
    return state.base < BASE_MAX ? { ...state, base: state.base + 1 } : 'undecided';
  },

  fraction(_n, { claims, shown }) {
    return shown / claims.length;
  },
};

type ClaimOutcome = 'shown' | 'other-base' | 'composite';

/** What b = a^((n - 1)/q) says of the claim of q. */
function testBefore(n: bigint, { prime }: Claim, b: bigint): ClaimOutcome {
  if (powerModulo(b, prime, n) !== 1n) return 'composite';
  return outcomeOf(gcd(b - 1n, n), n);
}

/** What w = (base + ζ)^((n + 1)/q) says of the claim of q. */
function testAfter(n: bigint, { prime }: Claim, base: number, w: readonly bigint[]): ClaimOutcome {
  const order = extensionOrder(n);
  const a = BigInt(base);
  const norm = order === 4 ? a * a + 1n : a * a - a + 1n;
  if (gcd(norm, n) !== 1n) return 'composite';
  const multiply = order === 4 ? multiplyOrder4 : multiplyOrder3;
  let power: readonly [bigint, bigint] = [1n, 0n];
  const element = [w[0]!, w[1]!] as const;
  for (let bit = 31 - Math.clz32(prime); bit >= 0; bit--) {
    power = multiply(power, power, n);
    if ((prime >> bit) & 1) power = multiply(power, element, n);
  }
  if (power[1] !== 0n) return 'composite';
  return outcomeOf(gcd(element[1], n), n);
}

function outcomeOf(shared: bigint, n: bigint): ClaimOutcome {
  if (shared === 1n) return 'shown';
  return shared === n ? 'other-base' : 'composite';
}

type Pair = readonly [bigint, bigint];

/** In Z[ζ]/(n) with ζ² = -1, coefficients in [0, n). */
function multiplyOrder4([a, b]: Pair, [c, d]: Pair, n: bigint): Pair {
  return [(a * c + (n - b) * d) % n, (a * d + b * c) % n];
}

/** With ζ² = -1 - ζ. */
function multiplyOrder3([a, b]: Pair, [c, d]: Pair, n: bigint): Pair {
  const last = (n - b) * d;
  return [(a * c + last) % n, (a * d + b * c + last) % n];
}

/** The order of a ζ that is in no Z/(r) for at least one prime r | n, so that n + 1 may be the order of a group: 4, 3 or none. */
function extensionOrder(n: bigint): 3 | 4 | undefined {
  if (n % 4n === 3n) return 4;
  return n % 3n === 2n ? 3 : undefined;
}

/** The small primes of n - 1 or n + 1, those with the largest powers first. */
function claimsOf(kernel: KernelInstance, n: bigint, side: Side): Claim[] {
  const claims = divideByPrimes(kernel, n + BigInt(side))
    .filter(({ kind }) => kind === 'proven')
    .map(({ value }): Claim => ({ side, prime: Number(value) }));
  return byPower(n, claims);
}

function byPower(n: bigint, claims: readonly Claim[]): Claim[] {
  return claims.toSorted((a, b) => (powerOf(n, b) > powerOf(n, a) ? 1 : -1));
}

/** The power of the claim's prime that divides n - 1 or n + 1. */
function powerOf(n: bigint, { side, prime }: Claim): bigint {
  const q = BigInt(prime);
  let power = 1n;
  while ((n + BigInt(side)) % (power * q) === 0n) power *= q;
  return power;
}

function productOf(n: bigint, claims: readonly Claim[], side: Side): bigint {
  return claims.reduce((product, claim) => (claim.side === side ? product * powerOf(n, claim) : product), 1n);
}

/** Whether the claims, once shown, tell whether n is prime. */
function decides(n: bigint, claims: readonly Claim[]): boolean {
  const f1 = productOf(n, claims, -1);
  const f2 = productOf(n, claims, 1);
  return f1 ** 3n > n || (f2 - 1n) ** 2n > n || ((f1 * f2) / 2n) ** 2n > n;
}

/** What follows from claims that all hold, and decide. */
export function conclude(n: bigint, claims: readonly Claim[]): ProofVerdict {
  const f1 = productOf(n, claims, -1);
  const f2 = productOf(n, claims, 1);
  if (f1 ** 3n > n) return isProductOfTwo(n, f1) ? 'composite' : 'proven';
  if ((f2 - 1n) ** 2n > n) return 'proven';
  const modulus = (f1 * f2) / gcd(f1, f2);
  assert(modulus ** 2n > n, `The claims of ${n} must decide`);
  // A prime divisor up to √n is below the modulus. It is not 1 modulo both, so it is 1 modulo F₁ and -1 modulo F₂.
  const common = gcd(f1, f2);
  const residue = 1n + f1 * (((-2n / common) * inverseModulo(f1 / common, f2 / common)) % (f2 / common));
  const divisor = ((residue % modulus) + modulus) % modulus;
  return divisor > 1n && divisor < n && n % divisor === 0n ? 'composite' : 'proven';
}

/**
 * Whether n = (a·f + 1)(b·f + 1) with a, b >= 1, given that all its prime divisors are 1 mod f and f³ > n, so that it has at
 * most two. Then a·b < f and a + b < f are the digits of (n - 1)/f to the base f, and the difference of a and b is an integer.
 */
function isProductOfTwo(n: bigint, f: bigint): boolean {
  const quotient = (n - 1n) / f;
  const product = quotient / f;
  if (product === 0n) return false;
  const square = (quotient % f) ** 2n - 4n * product;
  return square >= 0n && integerRoot(square, 2) ** 2n === square;
}
