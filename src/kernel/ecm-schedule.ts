/**
 * Which elliptic curves come next for a composite, and when the quadratic sieve is the better bet.
 *
 * Bounds and numbers of curves per level are about those that minimise the expected time to a factor of a given number of
 * digits (Silverman & Wagstaff 1993; Zimmermann & Dodson 2006), with B2 as this stage 2 prefers it. The last level never ends.
 *
 * Curves are worth their time while (chance of a factor) · (time of the sieve) exceeds it. Of random composites without a factor
 * below 2^f a share of about 1 - f/g has one below 2^g; of the composites sent to a service, some are random and some are made
 * of two large primes. Weighing both alike, a run of curves must be worth nearly twice its time for random ones, by the chance that the
 * order of a group is smooth (Dickman's function): from 150 to 216 bits the last that is takes up 0.05 to 0.1 of the sieve's time, and below
 * that, where a run takes a greater part of it, somewhat more. That is `sieveShare`.
 */

/** The kernel runs so many side by side, with as many consecutive sigma. */
export const CURVES_AT_ONCE = 4;

export interface CurveBounds {
  readonly b1: number;
  readonly b2: number;
  /** Width of a giant step. */
  readonly width: 30 | 90 | 210 | 2310;
}

export interface Curves extends CurveBounds {
  /** Suyama's parameter of the first; every curve of a composite has its own. */
  readonly sigma: number;
}

interface Level extends CurveBounds {
  readonly curves: number;
}

const LEVELS: readonly Level[] = [
  { b1: 50, b2: 2_700, width: 90, curves: 4 },
  { b1: 120, b2: 10_000, width: 210, curves: 4 },
  { b1: 300, b2: 30_000, width: 210, curves: 8 },
  { b1: 800, b2: 80_000, width: 2310, curves: 12 },
  { b1: 2_000, b2: 200_000, width: 2310, curves: 28 },
  { b1: 11_000, b2: 1_200_000, width: 2310, curves: 88 },
  { b1: 50_000, b2: 7_000_000, width: 2310, curves: 240 },
  { b1: 250_000, b2: 40_000_000, width: 2310, curves: 500 },
  { b1: 1_000_000, b2: 180_000_000, width: 2310, curves: 1_100 },
  { b1: 3_000_000, b2: 500_000_000, width: 2310, curves: 2_900 },
  { b1: 11_000_000, b2: 2_000_000_000, width: 2310, curves: 5_500 },
  { b1: 43_000_000, b2: 4_000_000_000, width: 2310, curves: Infinity },
];

/** For numbers that curves split alone: the bounds suit factors of half their size from the second run on. */
const SHORT_LEVELS: readonly Level[] = [
  { b1: 50, b2: 2_700, width: 90, curves: 4 },
  { b1: 200, b2: 10_000, width: 210, curves: Infinity },
];
/** Bits up to which curves find the factors of any number sooner than the sieve would. */
const CURVES_ONLY_BITS = 68;

const SIGMA_MIN = 6;
/** The kernel takes sigma below 2^16. So many curves take years: after them parameters come again, with larger bounds. */
const SIGMAS = 65_000;

function levelsFor(bits: number): readonly Level[] {
  return bits <= CURVES_ONLY_BITS ? SHORT_LEVELS : LEVELS;
}

/** The curves after `curvesDone` others for a number of `bits` bits, with bounds halved `shrinks` times. */
export function nextCurves(curvesDone: number, shrinks: number, bits: number): Curves {
  let left = curvesDone;
  const level = levelsFor(bits).find(({ curves }) => (left -= curves) < 0)!;
  const sigma = SIGMA_MIN + (curvesDone % SIGMAS);
  if (shrinks === 0) return { sigma, b1: level.b1, b2: level.b2, width: level.width };
  const b1 = Math.max(20, level.b1 >> shrinks);
  return { sigma, b1, b2: 4 * b1, width: 30 };
}

/**
 * The parameter of the first of the curves that a helper runs after `curvesDone` others with the same bound. Lanes begin far apart, and
 * elsewhere with every bound: a curve that has failed is worth little with a larger one.
 */
export function sigmaOfHelper(lane: number, b1: number, curvesDone: number): number {
  const begin = (Math.imul(lane, 0x9e3779b1) ^ Math.imul(b1, 0x85ebca6b)) >>> 0;
  return SIGMA_MIN + ((begin + curvesDone) % SIGMAS);
}

/** Products on 4 lanes that curves cost: 10 or 11 for each bit of the multiplier of stage 1, 1 for a pair with a prime in stage 2. */
function productsOf({ b1, b2, width }: Level): number {
  const babySteps = 3 * width + 0.9 * width;
  const giantSteps = (12 * b2) / width;
  return 10.5 * 1.44 * b1 + 320 + babySteps + giantSteps + (0.85 * b2) / Math.log(b2);
}

/** Bits of a limb, up to 9 of them and beyond, and by how many bits they exceed the number. */
const SHORT_LIMB_BITS = 28;
const LONG_LIMB_BITS = 26;
const SHORT_LIMBS_MAX = 9;
const ROOM_BITS = 6;

/** Nanoseconds of a product on 4 lanes modulo a number of that many bits, measured, with the additions around it. */
export function laneProductNs(bits: number): number {
  const short = Math.ceil((bits + ROOM_BITS) / SHORT_LIMB_BITS);
  if (short <= SHORT_LIMBS_MAX) return 5 + 3.3 * short ** 2;
  const long = Math.ceil((bits + ROOM_BITS) / LONG_LIMB_BITS);
  return 10 * long + 2.55 * long ** 2;
}

/** The sieve takes over in the end where curves have no luck. */
const CURVES_ONLY_SHARE = 8;

/** The share of the sieve's expected time that curves may take before it, for a number of `bits` bits. */
export function sieveShare(bits: number): number {
  if (bits <= CURVES_ONLY_BITS) return CURVES_ONLY_SHARE;
  return Math.min(0.25, Math.max(0.09, 0.25 - (0.15 * (bits - 80)) / 80));
}

/** The curves that fit into `budgetMs` for a number of `bits` bits. */
export function curvesWithin(budgetMs: number, bits: number): number {
  const ns = laneProductNs(bits);
  let leftMs = budgetMs;
  let curves = 0;
  for (const level of levelsFor(bits)) {
    const runMs = (productsOf(level) * ns) / 1e6;
    const affordable = Math.min(level.curves / CURVES_AT_ONCE, Math.floor(leftMs / runMs));
    curves += affordable * CURVES_AT_ONCE;
    leftMs -= affordable * runMs;
    if (affordable < level.curves / CURVES_AT_ONCE) break;
  }
  return curves;
}
