/**
 * The elliptic-curve method (Lenstra 1987; Montgomery 1987) on the job's modulus, a curve at a time, in bounded steps.
 *
 * All state between steps lies in the ECM region and in the arena, so that any thread goes on with it.
 */
import { OUTPUT, SCRATCH, SLOT_BYTES } from '../layout';
import { limbs, N } from '../arithmetic/modulus';
import { copy, equals, equalsWord, gcdInto } from '../arithmetic/natural';
import { suyamaCurve } from './curve';
import { stage1Start, stage1Step } from './stage-1';
import { babyStepsStart, babyStepsStep, giantStepsStart, giantStepsStep, giantWidth } from './stage-2';
import { B1, B2, PRODUCT, Q, STAGE, WIDTH } from './state';

const STAGE_1: u32 = 1;
const STAGE_1_END: u32 = 2;
const STAGE_BABY_STEPS: u32 = 3;
const STAGE_GIANT_WIDTH: u32 = 4;
const STAGE_GIANT_START: u32 = 5;
const STAGE_GIANT_STEPS: u32 = 6;
const STAGE_END: u32 = 7;

/** What `ecmStep` says. A factor is written to OUTPUT; `ALL` means that all factors were met at once, so that B1 was too large. */
export const UNFINISHED: i32 = 0;
export const NOTHING: i32 = 1;
export const FACTOR: i32 = 2;
export const ALL: i32 = 3;

const GCD_SCRATCH: usize = SCRATCH + 8 * SLOT_BYTES;

/** Begins the curve of `sigma` >= 6, for B1 >= 2·width and B2 < 2^32 - 2^18; width is 30, 210 or 2310. */
export function ecmStart(sigma: u32, b1: u32, b2: u32, width: u32): void {
  store<u32>(B1, b1);
  store<u32>(B2, b2);
  store<u32>(WIDTH, width);
  if (suyamaCurve(sigma, Q)) {
    stage1Start();
    store<u32>(STAGE, STAGE_1);
  } else {
    copy(PRODUCT, Q + SLOT_BYTES, limbs());
    store<u32>(STAGE, STAGE_END);
  }
}

/** Does up to about `productsMax` Montgomery products, or 200 if a piece of work can't be cut further. */
export function ecmStep(productsMax: i32): i32 {
  let left = productsMax;
  while (left > 0) {
    const stage = load<u32>(STAGE);
    if (stage == STAGE_1) {
      left = stage1Step(left);
      if (left <= 0) break;
    } else if (stage == STAGE_1_END) {
      const outcome = gcdOutcome(Q + SLOT_BYTES);
      if (outcome != NOTHING) return outcome;
      babyStepsStart();
      left -= 5;
    } else if (stage == STAGE_BABY_STEPS) {
      left = babyStepsStep(left);
      if (left <= 0) break;
    } else if (stage == STAGE_GIANT_WIDTH) {
      giantWidth();
      left -= 120;
    } else if (stage == STAGE_GIANT_START) {
      giantStepsStart();
      left -= 200;
    } else if (stage == STAGE_GIANT_STEPS) {
      left = giantStepsStep(left);
      if (left <= 0) break;
    } else return gcdOutcome(PRODUCT);
    store<u32>(STAGE, stage + 1);
  }
  return UNFINISHED;
}

/** Looks for what `value` shares with the modulus. */
function gcdOutcome(value: usize): i32 {
  const k = limbs();
  copy(OUTPUT, value, k);
  copy(GCD_SCRATCH, N, k);
  gcdInto(OUTPUT, GCD_SCRATCH, k);
  if (equalsWord(OUTPUT, 1, k)) return NOTHING;
  return equals(OUTPUT, N, k) ? ALL : FACTOR;
}
