/**
 * Stage 2 of ECM: finds a single prime of the order between B1 and B2 (Montgomery 1987, baby steps and giant steps).
 *
 * For giant steps m·D and baby steps 0 < j < D/2 coprime to D, every prime is m·D ± j. If that prime kills the point modulo a
 * factor, then m·D·Q and j·Q have the same x there: X_m·Z_j - X_j·Z_m is a multiple of the factor. It is computed as
 * (X_m - X_j)(Z_m + Z_j) - X_m·Z_m + X_j·Z_j, with the last two precomputed: 2 products for each pair with a prime.
 *
 * Baby steps lie in the arena: X, Z and X·Z of j·Q at index (j - 1) / 2.
 */
import { ARENA, SLOT_BYTES } from '../layout';
import { coverPrimeWindow, isPrimeInWindow } from '../arithmetic/prime-window';
import { addMod, limbs, montMul, ONE, subMod } from '../arithmetic/modulus';
import { copy } from '../arithmetic/natural';
import { addPoints, copyPoint, double } from './curve';
import { multiply, multiplyAndNext } from './ladder';
import {
  B1,
  B2,
  DIFFERENCE,
  GIANT,
  GIANT_BEFORE,
  GIANT_XZ,
  PAIR,
  POSITION,
  PRODUCT,
  Q,
  STEP,
  SUM,
  TEMPORARY,
  WIDTH,
} from './state';

/** Packed to k limbs a number, so that the table stays in the cache. */
function babyAt(index: usize): usize {
  return ARENA + index * 12 * <usize>limbs();
}

export function babyStepsStart(): void {
  copy(PRODUCT, ONE, limbs());
  // STEP = 2·Q; GIANT and GIANT_BEFORE go through the odd multiples of Q: (j + 2)·Q = j·Q + 2·Q, difference (j - 2)·Q.
  double(STEP, Q);
  copyPoint(GIANT_BEFORE, Q); // -1·Q has the same X and Z as 1·Q.
  copyPoint(GIANT, Q);
  store<u32>(POSITION, 1);
}

/** Fills the table; what is left of `products`, positive if it is full. */
export function babyStepsStep(products: i32): i32 {
  const k = limbs();
  const bytes = (<usize>k) << 2;
  const width = load<u32>(WIDTH);
  let j = load<u32>(POSITION);
  for (; j < width >> 1 && products > 0; j += 2, products -= 7) {
    const entry = babyAt(<usize>(j >> 1));
    copy(entry, GIANT, k);
    copy(entry + bytes, GIANT + SLOT_BYTES, k);
    montMul(entry + 2 * bytes, GIANT, GIANT + SLOT_BYTES);
    advance();
  }
  store<u32>(POSITION, j);
  return j < width >> 1 ? 0 : max(products, 1);
}

/** From (GIANT_BEFORE, GIANT) to the next pair, one STEP on. */
function advance(): void {
  addPoints(TEMPORARY, GIANT, STEP, GIANT_BEFORE);
  copyPoint(GIANT_BEFORE, GIANT);
  copyPoint(GIANT, TEMPORARY);
}

/** STEP = D·Q: about 120 products. */
export function giantWidth(): void {
  multiply(STEP, Q, <u64>load<u32>(WIDTH));
}

/** GIANT = m·D·Q and GIANT_BEFORE = (m - 1)·D·Q for the first m: at most 11 products for each bit of B1 / D. */
export function giantStepsStart(): void {
  const first = max(load<u32>(B1) / load<u32>(WIDTH), 1);
  if (first == 1) copyPoint(GIANT, STEP);
  else multiplyAndNext(GIANT_BEFORE, GIANT, STEP, <u64>(first - 1));
  store<u32>(POSITION, first);
  store<u32>(PAIR, 1);
  enterGiantStep();
}

function enterGiantStep(): void {
  montMul(GIANT_XZ, GIANT, GIANT + SLOT_BYTES);
  const width = load<u32>(WIDTH);
  const center = load<u32>(POSITION) * width;
  coverPrimeWindow(center - (width >> 1), center + (width >> 1));
}

/** Pairs giant with baby steps; what is left of `products`, positive if all primes up to B2 are done. */
export function giantStepsStep(products: i32): i32 {
  const width = load<u32>(WIDTH);
  while (products > 0) {
    const giant = load<u32>(POSITION);
    const center = giant * width;
    if (center > load<u32>(B2)) return products;
    let j = load<u32>(PAIR);
    for (; j < width >> 1 && products > 0; j += 2) {
      if (!isPrimeInWindow(center - j) && !isPrimeInWindow(center + j)) continue;
      pair(babyAt(<usize>(j >> 1)));
      products -= 2;
    }
    store<u32>(PAIR, j);
    if (j < width >> 1) return 0;
    if (giant == 1) {
      // 2·D·Q is a doubling: the difference of D·Q and D·Q has no coordinates.
      copyPoint(GIANT_BEFORE, GIANT);
      double(GIANT, STEP);
    } else advance();
    store<u32>(POSITION, giant + 1);
    store<u32>(PAIR, 1);
    enterGiantStep();
    products -= 7;
  }
  return 0;
}

function pair(baby: usize): void {
  const bytes = (<usize>limbs()) << 2;
  subMod(DIFFERENCE, GIANT, baby);
  addMod(SUM, GIANT + SLOT_BYTES, baby + bytes);
  montMul(SUM, SUM, DIFFERENCE);
  subMod(SUM, SUM, GIANT_XZ);
  addMod(SUM, SUM, baby + 2 * bytes);
  montMul(PRODUCT, PRODUCT, SUM);
}
