/** Where `lanes.ts` keeps its modulus and constants: at the start of the arena, so that they last as long as the curves. */
import { ARENA } from '../layout';

/** A number in each of 4 lanes, of up to 140 limbs: limb i of all of them is the v128 at 16·i. */
export const LANE_SLOT_BYTES: usize = 2304;

/** The number of limbs, and the bits of each: i32 both. */
export const LANE_LIMBS: usize = ARENA;
export const LANE_RADIX_BITS: usize = ARENA + 4;
/** v128 each: see `lanes.ts`. */
export const MASK: usize = ARENA + 16;
export const BIAS_FIRST: usize = ARENA + 32;
export const BIAS: usize = ARENA + 48;
export const MINUS_INVERSE: usize = ARENA + 64;
export const LANE_N: usize = ARENA + 0x100;
/** The residue of 1: R mod n. */
export const LANE_ONE: usize = LANE_N + LANE_SLOT_BYTES;
/** R² mod n, which brings a number into Montgomery form. */
export const LANE_R_SQUARED: usize = LANE_ONE + LANE_SLOT_BYTES;
export const LANES_END: usize = LANE_R_SQUARED + LANE_SLOT_BYTES;
