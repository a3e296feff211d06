/**
 * Which elliptic curve comes next for a composite, and when the quadratic sieve is the better bet.
 *
 * Bounds and numbers of curves per level are about those that minimise the expected time to a factor of a given number of
 * digits (Silverman & Wagstaff 1993; Zimmermann & Dodson 2006), with B2 as this stage 2 prefers it. The last level never ends.
 */

/** The kernel runs so many side by side, with as many consecutive sigma. */
export const CURVES_AT_ONCE = 4;

export interface Curves {
  /** Suyama's parameter of the first; every curve of a composite has its own. */
  readonly sigma: number;
  readonly b1: number;
  readonly b2: number;
  /** Width of a giant step. */
  readonly width: 30 | 210 | 2310;
}

interface Level {
  readonly b1: number;
  readonly b2: number;
  readonly width: Curves['width'];
  readonly curves: number;
}

const LEVELS: readonly Level[] = [
  { b1: 120, b2: 6_000, width: 210, curves: 4 },
  { b1: 400, b2: 25_000, width: 210, curves: 12 },
  { b1: 2_000, b2: 130_000, width: 2310, curves: 32 },
  { b1: 11_000, b2: 900_000, width: 2310, curves: 88 },
  { b1: 50_000, b2: 5_000_000, width: 2310, curves: 240 },
  { b1: 250_000, b2: 30_000_000, width: 2310, curves: 500 },
  { b1: 1_000_000, b2: 130_000_000, width: 2310, curves: 1_100 },
  { b1: 3_000_000, b2: 400_000_000, width: 2310, curves: 2_900 },
  { b1: 11_000_000, b2: 1_600_000_000, width: 2310, curves: 5_500 },
  { b1: 43_000_000, b2: 4_000_000_000, width: 2310, curves: Infinity },
];

const SIGMA_MIN = 6;
/** The kernel takes sigma below 2^16. So many curves take years: after them parameters come again, with larger bounds. */
const SIGMAS = 65_000;

/** The curves after `curvesDone` others, with bounds halved `shrinks` times. */
export function nextCurves(curvesDone: number, shrinks: number): Curves {
  let left = curvesDone;
  const level = LEVELS.find(({ curves }) => (left -= curves) < 0)!;
  const sigma = SIGMA_MIN + (curvesDone % SIGMAS);
  if (shrinks === 0) return { sigma, b1: level.b1, b2: level.b2, width: level.width };
  const b1 = Math.max(20, level.b1 >> shrinks);
  return { sigma, b1, b2: 4 * b1, width: 30 };
}

/** Montgomery products that a curve costs: 11 for each bit of the multiplier of stage 1, 2 for a pair with a prime in stage 2. */
function curveProducts({ b1, b2, width }: Level): number {
  return 11 * 1.44 * b1 + 7 * (width / 4 + b2 / width) + (1.6 * b2) / Math.log(b2);
}

/** Nanoseconds of a Montgomery product modulo a number of that many limbs, measured; up to 8 limbs it is unrolled. */
export function productNs(limbs: number): number {
  return limbs <= 8 ? 6 + 0.5 * limbs * limbs : 30 + 0.7 * limbs * limbs;
}

/** The curves that fit into `budgetMs` for a number of `bits` bits. */
export function curvesWithin(budgetMs: number, bits: number): number {
  const ns = productNs(Math.ceil(bits / 32));
  let leftMs = budgetMs;
  let curves = 0;
  for (const level of LEVELS) {
    const curveMs = (curveProducts(level) * ns) / 1e6;
    const affordable = Math.min(level.curves, Math.floor(leftMs / curveMs));
    curves += affordable;
    leftMs -= affordable * curveMs;
    if (affordable < level.curves) break;
  }
  return curves;
}
