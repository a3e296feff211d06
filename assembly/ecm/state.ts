/** Where the curve at hand keeps what several files of ECM use. See `layout.ts` for the region, which outlives calls. */
import { ECM, SLOT_BYTES } from '../layout';
import { POINT_BYTES } from './curve';

/** u32 each. */
export const STAGE: usize = ECM;
export const B1: usize = ECM + 4;
export const B2: usize = ECM + 8;
/** The giant step's width: 30, 210 or 2310. */
export const WIDTH: usize = ECM + 12;
/** Stage 1: the next odd number to look at. Stage 2: the multiple at hand, of the point or of the giant step. */
export const POSITION: usize = ECM + 16;
/** Stage 2: the next of the baby steps to pair. */
export const PAIR: usize = ECM + 20;

/** The point at hand. */
export const Q: usize = ECM + 16 * SLOT_BYTES;
/** What shares a factor with the modulus if the curve is lucky. */
export const PRODUCT: usize = Q + POINT_BYTES;
/** 2·Q while the baby steps are made, then D·Q. */
export const STEP: usize = PRODUCT + SLOT_BYTES;
/** The multiple at hand, and the one a STEP before. */
export const GIANT: usize = STEP + POINT_BYTES;
export const GIANT_BEFORE: usize = GIANT + POINT_BYTES;
export const TEMPORARY: usize = GIANT_BEFORE + POINT_BYTES;
/** X·Z of GIANT. */
export const GIANT_XZ: usize = TEMPORARY + POINT_BYTES;
export const SUM: usize = GIANT_XZ + SLOT_BYTES;
export const DIFFERENCE: usize = SUM + SLOT_BYTES;
