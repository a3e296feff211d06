/**
 * Montgomery arithmetic modulo an odd n < 2^64, with R = 2^64 (Montgomery 1985).
 *
 * Residues are kept in [0, n). `inverse` is n^-1 mod 2^64, so that the reduction subtracts and never overflows.
 */

/** The upper 64 bits of a·b. @inline */
export function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xffffffff)) >> 32);
}

/** n^-1 mod 2^64 for odd n, by Newton's iteration from 5 correct bits. */
export function inverseWord(n: u64): u64 {
  let x = (3 * n) ^ 2;
  x *= 2 - n * x;
  x *= 2 - n * x;
  x *= 2 - n * x;
  x *= 2 - n * x;
  return x;
}

/** a·b/R mod n, for a·b < n·R. @inline */
export function montMul(a: u64, b: u64, n: u64, inverse: u64): u64 {
  const high = mulHigh(a, b);
  const reduced = mulHigh(a * b * inverse, n);
  return high - reduced + (high < reduced ? n : 0);
}

/** a + b mod n. @inline */
export function addMod(a: u64, b: u64, n: u64): u64 {
  const gap = n - b;
  return a - gap + (a < gap ? n : 0);
}

/** a - b mod n. @inline */
export function subMod(a: u64, b: u64, n: u64): u64 {
  return a - b + (a < b ? n : 0);
}

/** R mod n: the residue of 1. @inline */
export function montOne(n: u64): u64 {
  return (0 - n) % n;
}

/** R² mod n, by 6 Montgomery squarings of 2·R: (2^k·R)² / R = 2^(2k)·R. @inline */
export function montSquareOfR(n: u64, inverse: u64, one: u64): u64 {
  let x = addMod(one, one, n);
  for (let i = 0; i < 6; i++) x = montMul(x, x, n, inverse);
  return x;
}

/** The greatest common divisor; gcd(0, b) = b. Stein's binary algorithm. */
export function gcdWord(a: u64, b: u64): u64 {
  if (a == 0) return b;
  if (b == 0) return a;
  const shift = ctz(a | b);
  a >>= ctz(a);
  b >>= ctz(b);
  while (a != b) {
    // The difference ends in as many zeros as its negative, so that they are counted meanwhile.
    const twos = ctz(a - b);
    const smaller = min(a, b);
    b = (max(a, b) - smaller) >> twos;
    a = smaller;
  }
  return a << shift;
}

/** 1/a mod n for 0 <= a < n, or 0 if they are not coprime. Extended Euclid; coefficients alternate in sign and stay below n. */
export function inverseModWord(a: u64, n: u64): u64 {
  let before = n;
  let rest = a;
  let coefficientBefore: u64 = 0;
  let coefficient: u64 = 1;
  let isNegative = false;
  while (rest != 0) {
    const quotient = before / rest;
    const remainder = before - quotient * rest;
    before = rest;
    rest = remainder;
    const next = coefficientBefore + quotient * coefficient;
    coefficientBefore = coefficient;
    coefficient = next;
    isNegative = !isNegative;
  }
  if (before != 1) return 0;
  return isNegative ? coefficientBefore : n - coefficientBefore;
}
