/**
 * Montgomery curves b·y² = x³ + a·x² + x modulo the job's modulus, 4 at once, in the form of Montgomery (1987): points as
 * (X : Z), without y.
 */
import { SCRATCH, SLOT_BYTES } from '../layout';
import {
  laneAdd,
  laneCopy,
  laneMul,
  laneMulTwo,
  laneSub,
  laneSumAndDifference,
  setLane,
  setLanesToWord,
  setLaneToWord,
} from '../arithmetic/lanes';
import { LANE_ONE, LANE_R_SQUARED, LANE_SLOT_BYTES } from '../arithmetic/lane-layout';
import { inverseOfWord } from '../arithmetic/inverse-of-word';
import { limbs } from '../arithmetic/modulus';
import { setWord } from '../arithmetic/natural';
import { A24, FOUND, S, T, U, V } from './state';

/** Curves at once. */
export const LANES: u32 = 4;
const INVERSE: usize = SCRATCH + 8 * SLOT_BYTES;

/**
 * Sets the curves of Suyama's parameters sigma to sigma + 3, whose orders are divisible by 12, and writes their points, with
 * Z = 1; 6 <= sigma < 2^16 - 3. False if the modulus shares a factor with a denominator; then that factor stands at FOUND.
 */
export function suyamaCurves(sigma: u32, point: usize): bool {
  const inverseU = point;
  const inverseV = point + LANE_SLOT_BYTES;
  for (let lane: u32 = 0; lane < LANES; lane++) {
    const parameter = sigma + lane;
    if (!setInverse(inverseU, lane, parameter * parameter - 5)) return false;
    if (!setInverse(inverseV, lane, 64 * parameter)) return false;
    setLaneToWord(U, lane, parameter * parameter - 5);
    setLaneToWord(V, lane, 4 * parameter);
  }
  toResidues(U); // u = sigma² - 5
  toResidues(V); // v = 4·sigma
  toResidues(inverseU);
  toResidues(inverseV); // 1 / 16v

  // a24 = (v - u)³·(3u + v) / (16·u³·v)
  laneSub(S, V, U);
  laneMul(T, S, S);
  laneMul(T, T, S);
  laneMul(T, T, inverseV);
  setLanesToWord(S, 3);
  laneMul(S, S, U);
  laneAdd(S, S, V);
  laneMul(T, T, S);
  laneMul(S, inverseU, inverseU);
  laneMul(S, S, inverseU);
  laneMul(A24, T, S);

  // x = u³ / v³
  setLanesToWord(S, 16);
  laneMul(S, S, inverseV);
  laneMul(S, S, U);
  laneMul(T, S, S);
  laneMul(point, T, S);
  laneCopy(point + LANE_SLOT_BYTES, LANE_ONE);
  return true;
}

function toResidues(r: usize): void {
  laneMul(r, r, LANE_R_SQUARED);
}

function setInverse(r: usize, lane: u32, word: u32): bool {
  const shared = inverseOfWord(INVERSE, word);
  if (shared == 1) {
    setLane(r, lane, INVERSE);
    return true;
  }
  setWord(FOUND, shared, limbs());
  return false;
}

/** r = 2·p: 5 products. r may be p. */
export function double(r: usize, p: usize): void {
  laneSumAndDifference(S, T, p, p + LANE_SLOT_BYTES);
  laneMulTwo(S, S, S, T, T, T);
  laneSub(V, S, T);
  laneMulTwo(r, S, T, U, A24, V);
  laneAdd(U, U, T);
  laneMul(r + LANE_SLOT_BYTES, V, U);
}

/** r = p + q, given `difference` = p - q: 6 products. r may be any of them. */
export function addPoints(r: usize, p: usize, q: usize, difference: usize): void {
  sumSquares(p, q);
  laneMulTwo(T, difference, T, S, difference + LANE_SLOT_BYTES, S);
  laneCopy(r, S);
  laneCopy(r + LANE_SLOT_BYTES, T);
}

/** `addPoints` for a difference with Z = 1: 5 products. */
export function addPointsAffine(r: usize, p: usize, q: usize, difference: usize): void {
  sumSquares(p, q);
  laneMul(r + LANE_SLOT_BYTES, difference, T);
  laneCopy(r, S);
}

/** S = ((X_p - Z_p)(X_q + Z_q) + (X_p + Z_p)(X_q - Z_q))², and T the same with a difference. */
function sumSquares(p: usize, q: usize): void {
  laneSumAndDifference(S, T, p, p + LANE_SLOT_BYTES);
  laneSumAndDifference(U, V, q, q + LANE_SLOT_BYTES);
  laneMulTwo(U, U, T, V, V, S);
  laneSumAndDifference(S, T, U, V);
  laneMulTwo(S, S, S, T, T, T);
}

export function copyPoint(r: usize, p: usize): void {
  laneCopy(r, p);
  laneCopy(r + LANE_SLOT_BYTES, p + LANE_SLOT_BYTES);
}
