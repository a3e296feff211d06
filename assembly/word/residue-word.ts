/**
 * Residues modulo an odd n in Montgomery form, R = 2^64 (Montgomery 1985), as one of two types:
 *
 *   u64   in [0, n), for every n < 2^64
 *   i64   signed and reduced by products alone, for n < `SIGNED_END`: two multiplications fewer, and no comparison anywhere
 *
 * A signed product lies in (-n, n) if its operands are products, or sums or differences of two; or one is a product and the
 * other made of three. For then their product is below 4·n² < R·n/2, and what the reduction takes off is below R·n/2.
 */
import { addMod, montMul, subMod } from './montgomery-word';

/** Signed residues need a modulus below this. */
export const SIGNED_END: u64 = 1 << 61;

/** a·b/R mod n. @inline */
export function residueMul<T>(a: T, b: T, n: u64, inverse: u64): T {
  if (isSigned<T>()) return <T>mulSigned(<i64>a, <i64>b, n, inverse);
  return <T>montMul(<u64>a, <u64>b, n, inverse);
}

/** a²/R mod n. @inline */
export function residueSquare<T>(a: T, n: u64, inverse: u64): T {
  if (isSigned<T>()) return <T>squareSigned(<i64>a, n, inverse);
  return <T>montMul(<u64>a, <u64>a, n, inverse);
}

/** @inline */
export function residueAdd<T>(a: T, b: T, n: u64): T {
  if (isSigned<T>()) return <T>(a + b);
  return <T>addMod(<u64>a, <u64>b, n);
}

/** @inline */
export function residueSub<T>(a: T, b: T, n: u64): T {
  if (isSigned<T>()) return <T>(a - b);
  return <T>subMod(<u64>a, <u64>b, n);
}

/** A product as a number in [0, n), still in Montgomery form. @inline */
export function canonical<T>(a: T, n: u64): u64 {
  if (isSigned<T>()) return <u64>a + (<i64>a < 0 ? n : 0);
  return <u64>a;
}

/** @inline */
function mulSigned(a: i64, b: i64, n: u64, inverse: u64): i64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = <u64>(aLow * bLow);
  const middle = aHigh * bLow + aLow * bHigh + <i64>(low >> 32);
  return reduceSigned(low, middle, aHigh * bHigh, n, inverse);
}

/** @inline */
function squareSigned(a: i64, n: u64, inverse: u64): i64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const low = <u64>(aLow * aLow);
  const middle = ((aHigh * aLow) << 1) + <i64>(low >> 32);
  return reduceSigned(low, middle, aHigh * aHigh, n, inverse);
}

/**
 * (high·2^64 + middle·2^32 + (low mod 2^32)) / R mod n. n is taken as two signed halves, so that no sum overflows. The quotient times n
 * ends in the same 64 bits as what it is taken from, which tells the carry of its lowest product without multiplying. @inline
 */
function reduceSigned(low: u64, middle: i64, high: i64, n: u64, inverse: u64): i64 {
  const nLow = <i64>(<i32>n);
  const nHigh = (<i64>n - nLow) >> 32;
  const quotient = <i64>((((<u64>middle) << 32) | (low & 0xffffffff)) * inverse);
  const qLow = quotient & 0xffffffff;
  const qHigh = quotient >> 32;
  const cross = qHigh * nLow + qLow * nHigh;
  const carry = <i64>(<i32>(middle - cross));
  return high + (middle >> 32) - qHigh * nHigh - ((cross + carry) >> 32);
}
