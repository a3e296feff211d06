/**
 * Multiples of points by Montgomery's ladder, one bit at a time, so that it can stop after any of them.
 *
 * Invariant between bits: UPPER - LOWER is the base, and LOWER is the multiple by the bits gone through.
 */
import { addPoints, addPointsAffine, copyPoint, double } from './curve';
import { BASE, LADDER, LOWER, UPPER } from './state';

const WORD: usize = LADDER;
/** The next bit of the scalar; negative when the multiple is ready. */
const BIT: usize = LADDER + 8;
/** Where the scalar stands. */
const ADDRESS: usize = LADDER + 12;
/** Whether the base has Z = 1. */
const IS_AFFINE: usize = LADDER + 16;

/** Products in one bit. */
const LADDER_BIT_PRODUCTS: i32 = 11;

/** Begins scalar·base, for scalar >= 1. */
export function ladderStart(base: usize, scalar: u64): void {
  store<u64>(WORD, scalar);
  begin(base, WORD, 64 - <i32>clz(scalar), false);
}

/** Begins scalar·base for a base with Z = 1 and the scalar of `bits` bits at `address`. */
export function ladderStartAffine(base: usize, address: usize, bits: i32): void {
  begin(base, address, bits, true);
}

function begin(base: usize, address: usize, bits: i32, isAffine: bool): void {
  copyPoint(BASE, base);
  copyPoint(LOWER, base);
  double(UPPER, base);
  store<u32>(ADDRESS, <u32>address);
  store<i32>(BIT, bits - 2);
  store<u32>(IS_AFFINE, isAffine ? 1 : 0);
}

/** Does one bit. False if there is none left. */
function ladderBit(): bool {
  const bit = load<i32>(BIT);
  if (bit < 0) return false;
  const one = (load<u32>(<usize>load<u32>(ADDRESS) + ((<usize>(bit >> 5)) << 2)) >> (bit & 31)) & 1;
  const kept = one ? UPPER : LOWER;
  const sum = one ? LOWER : UPPER;
  if (load<u32>(IS_AFFINE)) addPointsAffine(sum, UPPER, LOWER, BASE);
  else addPoints(sum, UPPER, LOWER, BASE);
  double(kept, kept);
  store<i32>(BIT, bit - 1);
  return true;
}

/** Does bits for about `products` products; what is left of them, positive if the multiple is ready. */
export function ladderStep(products: i32): i32 {
  for (; products > 0; products -= LADDER_BIT_PRODUCTS) if (!ladderBit()) return products;
  return 0;
}

/** The multiple, once it is ready. @inline */
export function ladderResult(): usize {
  return LOWER;
}

/** The multiple by the scalar plus 1, which the ladder has at hand anyway. @inline */
export function ladderNextResult(): usize {
  return UPPER;
}
