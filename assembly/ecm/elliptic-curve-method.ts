/**
 * The elliptic-curve method (Lenstra 1987; Montgomery 1987) on the job's modulus, 4 curves at a time, in bounded steps.
 *
 * All state between steps lies in the arena, so that any thread goes on with it.
 */
import { OUTPUT, SCRATCH, SLOT_BYTES } from '../layout';
import { LANE_SLOT_BYTES } from '../arithmetic/lane-layout';
import { getLane, laneMul, setLanes } from '../arithmetic/lanes';
import { limbs, montMul, N } from '../arithmetic/modulus';
import { copy, equals, equalsWord, gcdInto } from '../arithmetic/natural';
import { LANES, suyamaCurves } from './curve';
import { stage1Start, stage1Step } from './stage-1';
import {
  babyStepsStart,
  babyStepsStep,
  blockStart,
  giantStepsFirst,
  giantStepsStart,
  giantStepsStep,
  giantWidthStart,
  giantWidthStep,
  pairsStep,
  prefixStart,
  prefixStep,
  scaleStep,
  suffixStart,
  suffixStep,
  tableStart,
} from './stage-2';
import { B1, B2, FOUND, OTHER_PRODUCT, PRODUCT, Q, STAGE, WIDTH } from './state';

const STAGE_1: u32 = 1;
const STAGE_1_END: u32 = 2;
const STAGE_BABY_STEPS: u32 = 3;
const STAGE_BABY_PREFIX: u32 = 4;
const STAGE_BABY_SUFFIX: u32 = 5;
const STAGE_GIANT_WIDTH: u32 = 6;
const STAGE_GIANT_START: u32 = 7;
const STAGE_BLOCK: u32 = 8;
const STAGE_GIANT_STEPS: u32 = 9;
const STAGE_GIANT_PREFIX: u32 = 10;
const STAGE_GIANT_SUFFIX: u32 = 11;
const STAGE_SCALE: u32 = 12;
const STAGE_PAIRS: u32 = 13;
const STAGE_END: u32 = 14;
/** A factor stands at FOUND since the curves were chosen. */
const STAGE_FOUND: u32 = 15;

/** What `ecmStep` says. A factor is written to OUTPUT; `ALL` means that all factors were met at once, so that B1 was too large. */
export const UNFINISHED: i32 = 0;
export const NOTHING: i32 = 1;
export const FACTOR: i32 = 2;
export const ALL: i32 = 3;

/** From this B1 on it is worth a gcd to know before stage 2 whether stage 1 has found a factor. */
const EARLY_GCD_B1: u32 = 1_000;

const GCD_SCRATCH: usize = SCRATCH + 8 * SLOT_BYTES;
const LANE: usize = SCRATCH + 9 * SLOT_BYTES;

/**
 * Begins the curves of `sigma` to `sigma` + 3, for 6 <= sigma < 2^16 - 3 and B2 < 2^32 - 2^18; width is 30, 90, 210 or 2310, and
 * B1 >= width / 2. The modulus is above 2^32.
 */
export function ecmStart(sigma: u32, b1: u32, b2: u32, width: u32): void {
  setLanes();
  store<u32>(B1, b1);
  store<u32>(B2, b2);
  store<u32>(WIDTH, width);
  if (suyamaCurves(sigma, Q)) {
    stage1Start();
    store<u32>(STAGE, STAGE_1);
  } else store<u32>(STAGE, STAGE_FOUND);
}

/** Does about `productsMax` products on 4 lanes; a gcd, at the end of a stage, takes as long as some tens of them. */
export function ecmStep(productsMax: i32): i32 {
  const outcome = work(productsMax);
  if (outcome == FACTOR) copy(OUTPUT, FOUND, limbs());
  return outcome;
}

function work(productsMax: i32): i32 {
  let left = productsMax;
  while (left > 0) {
    const stage = load<u32>(STAGE);
    if (stage == STAGE_FOUND) return FACTOR;
    if (stage == STAGE_END) return outcomeOf(PRODUCT);
    if (stage == STAGE_1_END) {
      if (load<u32>(B1) >= EARLY_GCD_B1) {
        const outcome = outcomeOf(Q + LANE_SLOT_BYTES);
        if (outcome != NOTHING) return outcome;
      }
      babyStepsStart();
      left -= 5;
    } else {
      left = goOn(stage, left);
      if (left <= 0) break;
    }
    enter(stage + 1);
  }
  return UNFINISHED;
}

/** Works at a stage; what is left of the products, positive if the stage is done. */
function goOn(stage: u32, left: i32): i32 {
  switch (stage) {
    case STAGE_1:
      return stage1Step(left);
    case STAGE_BABY_STEPS:
      return babyStepsStep(left);
    case STAGE_BABY_PREFIX:
    case STAGE_GIANT_PREFIX:
      return prefixStep(stage == STAGE_GIANT_PREFIX, left);
    case STAGE_BABY_SUFFIX:
    case STAGE_GIANT_SUFFIX:
      return suffixStep(stage == STAGE_GIANT_SUFFIX, left);
    case STAGE_GIANT_WIDTH:
      return giantWidthStep(left);
    case STAGE_GIANT_START:
      return giantStepsFirst(left);
    case STAGE_GIANT_STEPS:
      return giantStepsStep(left);
    case STAGE_SCALE:
      return scaleStep(left);
    default:
      return pairsStep(left);
  }
}

/** Goes to a stage. Behind the last pair of a block comes the next block, if there is one. */
function enter(stage: u32): void {
  if (stage == STAGE_END) stage = STAGE_BLOCK;
  if (stage == STAGE_BLOCK) stage = blockStart() ? STAGE_GIANT_STEPS : STAGE_END;
  else if (stage == STAGE_GIANT_WIDTH) giantWidthStart();
  else if (stage == STAGE_GIANT_START) giantStepsStart();
  else if (stage == STAGE_BABY_PREFIX || stage == STAGE_GIANT_PREFIX)
    prefixStart(stage == STAGE_GIANT_PREFIX);
  else if (stage == STAGE_BABY_SUFFIX || stage == STAGE_GIANT_SUFFIX)
    suffixStart(stage == STAGE_GIANT_SUFFIX);
  else if (stage == STAGE_SCALE || stage == STAGE_PAIRS) tableStart();
  store<u32>(STAGE, stage);
}

/** Looks for what the lanes of `value` share with the modulus. */
function outcomeOf(value: usize): i32 {
  if (value == PRODUCT) laneMul(PRODUCT, PRODUCT, OTHER_PRODUCT);
  getLane(FOUND, value, 0);
  for (let lane: u32 = 1; lane < LANES; lane++) {
    getLane(LANE, value, lane);
    montMul(FOUND, FOUND, LANE);
  }
  const outcome = gcdOutcome();
  if (outcome != ALL) return outcome;
  // Together the curves met all factors; one of them may have met some.
  for (let lane: u32 = 0; lane < LANES; lane++) {
    getLane(FOUND, value, lane);
    if (gcdOutcome() == FACTOR) return FACTOR;
    getLane(FOUND, Q + LANE_SLOT_BYTES, lane);
    if (gcdOutcome() == FACTOR) return FACTOR;
  }
  return ALL;
}

/** What the number at FOUND, in [0, n), shares with the modulus, which is then at FOUND. */
function gcdOutcome(): i32 {
  const k = limbs();
  copy(GCD_SCRATCH, N, k);
  gcdInto(FOUND, GCD_SCRATCH, k);
  if (equalsWord(FOUND, 1, k)) return NOTHING;
  return equals(FOUND, N, k) ? ALL : FACTOR;
}
