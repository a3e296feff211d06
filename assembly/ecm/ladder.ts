/**
 * Multiples of a point by Montgomery's ladder, one bit at a time, so that it can stop after any of them.
 *
 * Invariant between bits: UPPER - LOWER is the base point, and LOWER is the multiple by the bits gone through.
 */
import { ECM, SLOT_BYTES } from '../layout';
import { addPoints, copyPoint, double, POINT_BYTES } from './curve';

const LOWER: usize = ECM + 8 * SLOT_BYTES;
const UPPER: usize = LOWER + POINT_BYTES;
const BASE: usize = UPPER + POINT_BYTES;
const SCALAR: usize = ECM + 0x40;
/** The next bit of the scalar; negative when the multiple is ready. */
const INDEX: usize = ECM + 0x48;

/** Products in one bit. */
export const LADDER_BIT_PRODUCTS: i32 = 11;

/** Begins scalar·base, for scalar >= 1. */
export function ladderStart(base: usize, scalar: u64): void {
  copyPoint(BASE, base);
  copyPoint(LOWER, base);
  double(UPPER, base);
  store<u64>(SCALAR, scalar);
  store<i32>(INDEX, 62 - <i32>clz(scalar));
}

/** Does one bit. False if there is none left, and then the multiple is at `ladderResult()`. */
export function ladderBit(): bool {
  const index = load<i32>(INDEX);
  if (index < 0) return false;
  const one = (load<u64>(SCALAR) >> index) & 1;
  const kept = one ? UPPER : LOWER;
  const sum = one ? LOWER : UPPER;
  addPoints(sum, UPPER, LOWER, BASE);
  double(kept, kept);
  store<i32>(INDEX, index - 1);
  return true;
}

/** @inline */
export function ladderResult(): usize {
  return LOWER;
}

/** r = scalar·base at one go. */
export function multiply(r: usize, base: usize, scalar: u64): void {
  ladderStart(base, scalar);
  while (ladderBit());
  copyPoint(r, LOWER);
}

/** r = scalar·base and next = (scalar + 1)·base, which the ladder has at hand anyway. */
export function multiplyAndNext(r: usize, next: usize, base: usize, scalar: u64): void {
  multiply(r, base, scalar);
  copyPoint(next, UPPER);
}
