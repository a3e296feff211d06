/** Suyama's curves modulo a word: Montgomery curves whose order is divisible by 12, and a point with Z = 1 on each (Montgomery 1987). */
import { SCRATCH } from '../layout';
import { gcdWord, inverseModWord, montMul } from './montgomery-word';

/** For sigma up to 60, u and v have at most 20 bits together, and no prime factor above 3,595. */
const SIGMA_MIN: i32 = 6;
/** Its orders have more factors of 2 on average than those of the others (Barbulescu et al. 2012). */
const SIGMA_BEST: u64 = 11;
export const CURVES: i32 = 55;

/** Where the last curve's residues stand: X of the point, and (a + 2) / 4. */
export const SUYAMA_X: usize = SCRATCH;
export const SUYAMA_A24: usize = SCRATCH + 8;

/**
 * Writes the curve of an index below `CURVES` modulo odd n, in Montgomery form for R = 2^64. What n shares with a denominator: 1 unless
 * the curve does not exist.
 */
export function suyamaWord(curve: i32, n: u64, inverse: u64, rSquared: u64): u64 {
  const sigma = sigmaOf(curve);
  const u = sigma * sigma - 5;
  const v = 4 * sigma;
  const reciprocal = inverseOfSmall(u * v, n);
  if (reciprocal == 0) return gcdWord(u * v, n);
  let cube = montMul(reciprocal, rSquared, n, inverse);
  cube = montMul(montMul(cube, cube, n, inverse), cube, n, inverse);
  // x = u³/v³ = u⁶/(uv)³.
  const u3 = montMul((u * u * u) % n, rSquared, n, inverse);
  store<u64>(SUYAMA_X, montMul(montMul(u3, u3, n, inverse), cube, n, inverse));
  // (a + 2)/4 = (v - u)³·(3u + v)/(16·u³·v) = (v - u)³·(3u + v)·sigma²/(uv)³, with u > v; see `ecm/curve.ts`.
  const gap = u - v;
  const numerator = (gap * gap * gap * (3 * u + v) * sigma * sigma) % n;
  const negative = montMul(montMul(numerator, rSquared, n, inverse), cube, n, inverse);
  store<u64>(SUYAMA_A24, n - negative);
  return 1;
}

/** The best one, then all others from `SIGMA_MIN` on. */
function sigmaOf(curve: i32): u64 {
  if (curve == 0) return SIGMA_BEST;
  const sigma = <u64>(SIGMA_MIN - 1 + curve);
  return sigma < SIGMA_BEST ? sigma : sigma + 1;
}

/** 1/d mod n for d below 2^20, or 0 if they are not coprime: (k·n + 1)/d for the k that makes it whole, which is found modulo d. */
function inverseOfSmall(d: u64, n: u64): u64 {
  const rest = n % d;
  const inverse = inverseModWord(rest, d);
  if (inverse == 0) return 0;
  const k = d - inverse;
  return k * (n / d) + (k * rest + 1) / d;
}
