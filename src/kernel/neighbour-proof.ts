/**
 * Proof by the factors of n - 1 and n + 1 that trial division finds (Pocklington 1914; Morrison 1975; Brillhart, Lehmer &
 * Selfridge 1975, theorems 5, 7 and 20).
 *
 * For an x of norm 1 and n ∓ 1 = d·e, let x^(n ∓ 1) = 1 while x^e - 1 is prime to n. Then modulo each prime r | n the order of x
 * divides n ∓ 1 but not e, and it divides r - ε: ε is 1 where x is an integer (n - 1), 1 or -1 where it lies in a quadratic ring
 * (n + 1), the same for all x of that ring. A *claim* is what follows from that:
 *
 *   d a prime q:       the whole power of q in n ∓ 1 divides r - ε.
 *   d what is left when all small primes are taken out: some prime above the bound of trial division divides r - ε.
 *
 * With F₁ and F₂ made of the powers claimed, and B₁ and B₂ that bound where what is left is claimed (else 1), every r is 1 modulo
 * a multiple of F₁, B₁·F₁ at least, and ±1 modulo one of F₂. What divisors that leaves is a matter of few candidates.
 */
import { assert } from '../base/assert.ts';
import { bitLength } from './bit-length.ts';
import { CURVES_AT_ONCE } from './ecm-schedule.ts';
import { CLAIM_COMPOSITE, CLAIM_SHOWN, ECM_FACTOR, STEP_UNFINISHED } from './kernel-exports.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { gcd, jacobiSymbol } from './modular-integers.ts';
import { isSquare } from './perfect-power.ts';
import type { ProofVerdict } from './proof-verdict.ts';
import { isPrimeByStrongTests, STRONG_TESTS_END } from './strong-tests.ts';
import { divideByPrimes, type TrialDepth } from './trial-division.ts';
import { WORD_END } from './word-end.ts';

/** -1: of n - 1; 1: of n + 1. */
type Side = -1 | 1;

export interface Claim {
  readonly side: Side;
  readonly divisor: bigint;
  /** The power that divides r - ε, of a prime; the least that the prime which does can be, of what is left. */
  readonly gain: bigint;
  readonly isRest: boolean;
}

export interface NeighbourProofState {
  readonly claims: readonly Claim[];
  /** The claims shown. */
  readonly shown: number;
  /** Says which x is tried for the next. */
  readonly base: number;
  /** The quadratic ring is that of a root of X² - parameter·X + 1. */
  readonly parameter: number;
  /** Whether the next claim is being tested in the memory. */
  readonly isUnderWay: boolean;
}

/** Each base is of no use for a prime q with a chance of 1/q. */
const BASE_MAX = 200;
const PARAMETER_MIN = 3;
const PARAMETER_MAX = 100;
/** Divisors, or pairs of them, that are tried at the end. */
const CANDIDATES_MAX = 500n;
/** How to look for primes of n - 1 and n + 1. */
interface Effort {
  readonly depth: TrialDepth;
  readonly withCurves: boolean;
}

/** Up to this length a few curves find enough in most cases, in less time than Jacobi sums take. */
const SHORT_BITS_MAX = 140;
const SHORT_EFFORTS: readonly Effort[] = [
  { depth: 'shallow', withCurves: false },
  { depth: 'deep', withCurves: false },
  { depth: 'deep', withCurves: true },
];
const LONG_EFFORTS: readonly Effort[] = [{ depth: 'deep', withCurves: false }];
const CURVES = { sigma: 6, b1: 50, b2: 2_700, width: 90 } as const;
const CURVES_PRODUCTS_MAX = 1_000_000;
/** Runs of curves that find nothing before it is left at that. */
const MISSES_MAX = 2;
/** Bytes of a slot, in words of the input area: where the kernel looks for the divisor of a claim. */
const DIVISOR_WORD = 64;

/** Undefined where trial division finds too little. About 1 ms for 300 digits. n is odd. */
export function neighbourProofStart(kernel: KernelInstance, n: bigint): NeighbourProofState | undefined {
  const parameter = quadraticParameter(n);
  for (const effort of bitLength(n) <= SHORT_BITS_MAX ? SHORT_EFFORTS : LONG_EFFORTS) {
    const before = claimsOf(kernel, n, -1, effort);
    const after = parameter === undefined ? [] : claimsOf(kernel, n, 1, effort);
    const choices = [before, after, [...before, ...after]].map((claims) => fewestThatDecide(n, claims));
    const [claims] = choices.filter((c) => c !== undefined).toSorted((a, b) => a.length - b.length);
    if (claims) return { claims, shown: 0, base: 1, parameter: parameter ?? 0, isUnderWay: false };
  }
  return undefined;
}

/** One move: the next state, or the verdict. */
export function neighbourProofStep(
  kernel: KernelInstance,
  n: bigint,
  state: NeighbourProofState,
  productsMax: number,
): NeighbourProofState | ProofVerdict {
  const { claims, shown, base } = state;
  const claim = claims[shown];
  if (claim === undefined) return conclude(n, claims);
  if (!state.isUnderWay) {
    startClaim(kernel, n, claim, state);
    return { ...state, isUnderWay: true };
  }
  const outcome = kernel.exports.neighbourClaimStep(productsMax);
  if (outcome === STEP_UNFINISHED) return state;
  if (outcome === CLAIM_COMPOSITE) return 'composite';
  if (outcome === CLAIM_SHOWN) return { ...state, shown: shown + 1, base: 1, isUnderWay: false };
  return base < BASE_MAX ? { ...state, base: base + 1, isUnderWay: false } : 'undecided';
}

/** How much of the work is done, in [0, 1]. */
export function neighbourProofFraction({ claims, shown }: NeighbourProofState): number {
  return shown / claims.length;
}

function startClaim(
  kernel: KernelInstance,
  n: bigint,
  { side, divisor }: Claim,
  { base, parameter }: NeighbourProofState,
): void {
  const exponent = (n + BigInt(side)) / divisor;
  kernel.setModulus(n);
  kernel.writeNumber(exponent, 0);
  kernel.writeNumber(divisor, DIVISOR_WORD);
  const { numerator, denominator } = side === -1 ? integerTrace(base + 1) : quadraticTrace(base, parameter);
  kernel.exports.neighbourClaimStart(numerator, denominator, bitLength(exponent), bitLength(divisor));
}

interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/** a + 1/a. */
function integerTrace(a: number): Fraction {
  return { numerator: a * a + 1, denominator: a };
}

/** x + 1/x for x = (a + z)/(a + 1/z), where z + 1/z is the parameter p: every x of norm 1 but 1 is of that form. */
function quadraticTrace(a: number, p: number): Fraction {
  return { numerator: 2 * a * a + 2 * a * p + p * p - 2, denominator: a * a + a * p + 1 };
}

/** The least parameter whose ring is a field, if n is prime; undefined for squares and where there is none below a bound. */
function quadraticParameter(n: bigint): number | undefined {
  for (let p = PARAMETER_MIN; p <= PARAMETER_MAX; p++) if (jacobiSymbol(p * p - 4, n) === -1) return p;
  return undefined;
}

/** What can be claimed of n - 1 or n + 1. */
function claimsOf(kernel: KernelInstance, n: bigint, side: Side, effort: Effort): Claim[] {
  const { parts, bound } = divideByPrimes(kernel, n + BigInt(side), effort.depth);
  const claims: Claim[] = [];
  let rest = 1n;
  for (const { value, exponent, kind } of parts)
    if (kind === 'proven')
      claims.push({ side, divisor: value, gain: value ** BigInt(exponent), isRest: false });
    else rest = value;
  for (const prime of effort.withCurves ? primesByCurves(kernel, rest) : []) {
    let gain = 1n;
    for (; rest % prime === 0n; rest /= prime) gain *= prime;
    if (gain > 1n) claims.push({ side, divisor: prime, gain, isRest: false });
  }
  if (rest === 1n) return claims;
  const isPrime = isProvenPrime(kernel, rest);
  return [...claims, { side, divisor: rest, gain: isPrime ? rest : BigInt(bound), isRest: !isPrime }];
}

/** Whether n, without small factors, is a prime that strong tests prove. */
function isProvenPrime(kernel: KernelInstance, n: bigint): boolean {
  return n < STRONG_TESTS_END && isPrimeByStrongTests(kernel, n);
}

/** Primes of n, without small factors, that a few short elliptic curves find. About 0.1 ms at 100 bits for each run of four. */
function primesByCurves(kernel: KernelInstance, n: bigint): bigint[] {
  const primes: bigint[] = [];
  let rest = n;
  let misses = 0;
  for (let { sigma } = CURVES; misses < MISSES_MAX; sigma += CURVES_AT_ONCE) {
    if (rest < WORD_END || isProvenPrime(kernel, rest)) break;
    const limbs = kernel.setModulus(rest);
    kernel.exports.ecmStart(sigma, CURVES.b1, CURVES.b2, CURVES.width);
    if (kernel.exports.ecmStep(CURVES_PRODUCTS_MAX) !== ECM_FACTOR) {
      misses++;
      continue;
    }
    const factor = kernel.readNumber(limbs);
    const [smaller, larger] = factor < rest / factor ? [factor, rest / factor] : [rest / factor, factor];
    if (smaller >= WORD_END) break;
    primes.push(...kernel.factorWords([smaller]).primes);
    rest = larger;
  }
  return rest > 1n && rest < WORD_END ? [...primes, ...kernel.factorWords([rest]).primes] : primes;
}

/** Those with the largest gains, as few as decide; undefined if not even all do. */
function fewestThatDecide(n: bigint, claims: readonly Claim[]): readonly Claim[] | undefined {
  if (!decides(n, claims)) return undefined;
  const largestFirst = claims.toSorted((a, b) => (b.gain > a.gain ? 1 : -1));
  let count = largestFirst.length;
  while (count > 1 && decides(n, largestFirst.slice(0, count - 1))) count--;
  return largestFirst.slice(0, count);
}

/** How claims that all hold decide, by the candidates that are to be tried. */
type Way =
  | { readonly kind: 'no-candidate' }
  /** Divisors n mod modulus, and further ones in steps of it, up to `last`. */
  | { readonly kind: 'divisors'; readonly modulus: bigint; readonly last: bigint }
  /** n = (a·f + 1)(b·f + 1), where a + b is at most `sumMax`. */
  | { readonly kind: 'two-factors'; readonly f: bigint; readonly sumMax: bigint };

function way(n: bigint, claims: readonly Claim[]): Way | undefined {
  const productOf = (side: Side, isRest: boolean): bigint =>
    claims.reduce((product, c) => (c.side === side && c.isRest === isRest ? product * c.gain : product), 1n);
  const [f1, b1, f2, b2] = [
    productOf(-1, false),
    productOf(-1, true),
    productOf(1, false),
    productOf(1, true),
  ];
  const least = f1 * b1 >= f2 * b2 - 1n ? f1 * b1 + 1n : f2 * b2 - 1n;
  if (least * least > n) return { kind: 'no-candidate' };
  if (f2 > 2n) {
    // Primes are 1 or c = n modulo the modulus. If one is 1, it exceeds modulus·b1·b2, and the rest of n is c. If none is, their
    // number is odd, and the least is below n^(1/3), which is less than that rest may be: modulus·b1·b2 < least² <= n^(2/3).
    const modulus = (f1 * f2) / gcd(f1, f2);
    const last = n / (modulus * b1 * b2 + 1n);
    if (last / modulus < CANDIDATES_MAX) return { kind: 'divisors', modulus, last };
  }
  if (f1 > 1n && (f1 * b1) ** 3n > n) {
    // a·b <= n / f1², a >= b1 and b >= b1: the sum is largest where one is least.
    const sumMax = b1 + n / (f1 * f1 * b1);
    if (sumMax / f1 < CANDIDATES_MAX) return { kind: 'two-factors', f: f1, sumMax };
  }
  return undefined;
}

/** Whether claims, if all of them hold, tell whether n is prime. */
export function decides(n: bigint, claims: readonly Claim[]): boolean {
  return way(n, claims) !== undefined;
}

/** What follows from claims that all hold, and decide. */
export function conclude(n: bigint, claims: readonly Claim[]): ProofVerdict {
  const how = way(n, claims);
  assert(how !== undefined, `The claims of ${n} must decide`);
  if (how.kind === 'no-candidate') return 'proven';
  const isComposite =
    how.kind === 'divisors' ? hasDivisor(n, how.modulus, how.last) : isProductOfTwo(n, how.f, how.sumMax);
  return isComposite ? 'composite' : 'proven';
}

/** Whether n has a divisor up to `last` that is n modulo the modulus, neither 1 nor n. */
function hasDivisor(n: bigint, modulus: bigint, last: bigint): boolean {
  for (let d = n % modulus; d <= last; d += modulus) if (d > 1n && d < n && n % d === 0n) return true;
  return false;
}

/**
 * Whether n = (a·f + 1)(b·f + 1) with a, b >= 1 and a + b <= sumMax. Then (n - 1)/f = a·b·f + a + b, which gives the sum modulo f,
 * and with the sum the product; the difference of a and b must be an integer.
 */
function isProductOfTwo(n: bigint, f: bigint, sumMax: bigint): boolean {
  const quotient = (n - 1n) / f;
  for (let sum = quotient % f; sum <= sumMax; sum += f) {
    const product = (quotient - sum) / f;
    const square = sum * sum - 4n * product;
    if (product > 0n && square >= 0n && isSquare(square)) return true;
  }
  return false;
}
