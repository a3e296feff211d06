/** Where the curves at hand keep what several files of ECM use: in the arena, behind the modulus of the lanes, so that it outlives calls. */
import { SLOT_BYTES } from '../layout';
import { LANE_SLOT_BYTES, LANES_END } from '../arithmetic/lane-layout';

export const POINT_BYTES: usize = 2 * LANE_SLOT_BYTES;

/** u32 each. */
export const STAGE: usize = LANES_END;
export const B1: usize = STAGE + 4;
export const B2: usize = STAGE + 8;
/** The giant step's width: 30, 90, 210 or 2310. */
export const WIDTH: usize = STAGE + 12;
/** Stage 1: the next odd number to look at. Stage 2: the next multiple, of the point or of the giant step. */
export const POSITION: usize = STAGE + 16;
/** Stage 2: how far the table at hand has been gone through. */
export const INDEX: usize = STAGE + 20;
/** Stage 2: the baby steps, and the giant steps of the block at hand. */
export const BABIES: usize = STAGE + 24;
export const GIANTS: usize = STAGE + 28;
/** Stage 2: the next baby step to pair with the giant step at hand. */
export const PAIR: usize = STAGE + 32;
/** Of the ladder. */
export const LADDER: usize = STAGE + 40;

/** A factor, of as many limbs of 32 bits as the modulus. */
export const FOUND: usize = STAGE + 0x100;
/** The points at hand, one in each lane: two slots, X and then Z. */
export const Q: usize = FOUND + SLOT_BYTES;
/** What shares a factor with the modulus if a curve is lucky; two, so that their products do not wait for each other. */
export const PRODUCT: usize = Q + POINT_BYTES;
export const OTHER_PRODUCT: usize = PRODUCT + LANE_SLOT_BYTES;
/** 2·Q while the baby steps are made, then D·Q. */
export const STEP: usize = OTHER_PRODUCT + LANE_SLOT_BYTES;
/** The multiple at hand, and the one a STEP before. */
export const GIANT: usize = STEP + POINT_BYTES;
export const GIANT_BEFORE: usize = GIANT + POINT_BYTES;
/** The products of Z over the baby steps, and over the giant steps of the block. */
export const BABIES_Z: usize = GIANT_BEFORE + POINT_BYTES;
export const GIANTS_Z: usize = BABIES_Z + LANE_SLOT_BYTES;
/** The product of Z over the entries of a table behind the one at hand. */
export const SUFFIX: usize = GIANTS_Z + LANE_SLOT_BYTES;
/** (a + 2) / 4 of the curves. */
export const A24: usize = SUFFIX + LANE_SLOT_BYTES;
/** Of single functions. */
export const S: usize = A24 + LANE_SLOT_BYTES;
export const T: usize = S + LANE_SLOT_BYTES;
export const U: usize = T + LANE_SLOT_BYTES;
export const V: usize = U + LANE_SLOT_BYTES;
/** Of the ladder. */
export const LOWER: usize = V + LANE_SLOT_BYTES;
export const UPPER: usize = LOWER + POINT_BYTES;
export const BASE: usize = UPPER + POINT_BYTES;
/** The scalar of stage 1 up to its first bound (`scalar.ts`). */
export const SCALAR: usize = BASE + POINT_BYTES;
export const SCALAR_BYTES: usize = 0x400;
/** The baby steps as u16. */
export const OFFSETS: usize = SCALAR + SCALAR_BYTES;
/** The tables of stage 2. */
export const TABLES: usize = OFFSETS + 0x200;
