/**
 * Which characters the Jacobi-sum test takes for numbers of a size.
 *
 * For an even t let e(t) = 2·Π q^(v(t) + 1) over the primes q with q - 1 | t, where v(t) is how often q divides t: then
 * a^t = 1 mod e(t) for all a prime to it. The test confines the divisors of n to t residues modulo s, for any product s of
 * such powers with s² > n (Cohen 1993, 9.1; dropping some of the q is sound, since each q stands for itself). So t and s are
 * chosen to be cheap, by the work for each bit of n.
 */
import { productNs } from './product-cost.ts';
import { assert } from '../base/assert.ts';
import { primeDivisors } from './jacobi-sum.ts';

/** A character of order `order`, the power of `prime` in q - 1, modulo q. */
export interface Character {
  readonly prime: number;
  readonly order: number;
  readonly q: number;
}

export interface AprClPlan {
  readonly t: number;
  readonly s: bigint;
  readonly characters: readonly Character[];
  /** The primes p for which condition L_p is needed: all that divide the order of a residue class group modulo s, 2 among them. */
  readonly conditions: readonly number[];
}

/** Values of t whose e(t) is larger than that of any smaller t. */
const EXPONENTS: readonly number[] = [
  12, 24, 30, 36, 60, 72, 108, 120, 144, 180, 240, 360, 420, 540, 840, 1_008, 1_080, 1_200, 1_260, 1_620,
  1_680, 2_016, 2_160, 2_520, 3_360, 3_780, 5_040, 6_480, 7_560, 8_400, 10_080, 12_600, 15_120, 25_200,
  30_240, 42_840, 45_360, 55_440, 60_480, 75_600, 85_680, 100_800, 110_880, 128_520, 131_040, 166_320,
  196_560, 257_040, 332_640,
];
/** Nanoseconds of a power of n modulo s and a division of n by it, for n of 500 bits. */
const RESIDUE_NS = 800;

/** Below it, n need not exceed the moduli. */
const BITS_MIN = 8;
/** The longest numbers for which there is a plan. */
export const APR_CL_BITS_MAX = 1_000;

interface Modulus {
  readonly q: number;
  /** What q contributes to s. */
  readonly power: bigint;
  readonly characters: readonly Character[];
  /** In Montgomery products for each bit of n. */
  readonly cost: number;
}

const plans = new Map<number, AprClPlan>();

/** The plan for n of `bits` bits, at most APR_CL_BITS_MAX; the same for all of them. */
export function aprClPlan(bits: number): AprClPlan {
  let plan = plans.get(bits);
  if (plan === undefined) {
    plan = cheapestPlan(bits);
    plans.set(bits, plan);
  }
  return plan;
}

function cheapestPlan(bits: number): AprClPlan {
  let best: { readonly t: number; readonly moduli: readonly Modulus[]; readonly ns: number } | undefined;
  for (const t of EXPONENTS) {
    if (best !== undefined && t * RESIDUE_NS >= best.ns) break;
    const moduli = moduliFor(t, bits);
    if (moduli.length === 0) continue;
    const ns = nanoseconds(t, moduli, bits);
    if (best === undefined || ns < best.ns) best = { t, moduli, ns };
  }
  assert(
    best !== undefined,
    `Cannot plan a proof for ${bits} bits: ${BITS_MIN} to ${APR_CL_BITS_MAX} are possible`,
  );
  // The group modulo q^e has an element of order q too where e > 1.
  const orders = best.moduli.flatMap(({ q, power }) => (power > q ? [q, q - 1] : [q - 1]));
  return {
    t: best.t,
    s: productOf(best.moduli) * twoPower(best.t),
    characters: best.moduli.flatMap(({ characters }) => characters),
    conditions: [...new Set([2, ...orders.flatMap(primeDivisors)])].toSorted((x, y) => x - y),
  };
}

/** The moduli for t, the dearest for their size left out as long as s² > 2^bits; empty if even all are too few. */
function moduliFor(t: number, bits: number): Modulus[] {
  const all = evenDivisors(t)
    .map((d) => d + 1)
    .filter((q) => primeDivisors(q)[0] === q)
    .map((q) => modulusOf(q, t));
  const bound = 1n << BigInt(bits);
  let s = productOf(all) * twoPower(t);
  if (s * s <= bound) return [];
  const dearestFirst = all.toSorted((a, b) => b.cost / Math.log(b.q) - a.cost / Math.log(a.q));
  const kept = dearestFirst.filter(({ power }) => {
    const rest = s / power;
    if (rest * rest <= bound) return true;
    s = rest;
    return false;
  });
  return kept.toSorted((a, b) => a.q - b.q);
}

function modulusOf(q: number, t: number): Modulus {
  const characters = primeDivisors(q - 1).map((prime) => ({ prime, order: powerIn(q - 1, prime), q }));
  const cost = characters.reduce((sum, { prime, order }) => sum + productsPerBit(order - order / prime), 0);
  return { q, power: BigInt(q * powerIn(t, q)), characters, cost };
}

/** A squaring for each bit, and a product for each five, in a ring of the degree. */
function productsPerBit(degree: number): number {
  const square = degree === 2 ? 2 : (degree * (degree + 1)) / 2;
  return square + degree ** 2 / 5;
}

function nanoseconds(t: number, moduli: readonly Modulus[], bits: number): number {
  const products = bits * moduli.reduce((sum, { cost }) => sum + cost, 0);
  return products * productNs(Math.ceil(bits / 32)) + t * RESIDUE_NS;
}

function productOf(moduli: readonly Modulus[]): bigint {
  return moduli.reduce((product, { power }) => product * power, 1n);
}

/** What 2 contributes to e(t). */
function twoPower(t: number): bigint {
  return BigInt(4 * powerIn(t, 2));
}

/** The largest power of the prime that divides n. */
function powerIn(n: number, prime: number): number {
  let power = 1;
  while (n % (power * prime) === 0) power *= prime;
  return power;
}

function evenDivisors(t: number): number[] {
  const half = t / 2;
  const divisors: number[] = [];
  for (let d = 1; d * d <= half; d++) {
    if (half % d !== 0) continue;
    divisors.push(2 * d);
    if (d * d < half) divisors.push((2 * half) / d);
  }
  return divisors;
}
