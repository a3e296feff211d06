/** Arithmetic modulo one word: inverses, powers, Legendre symbols, square roots, and Montgomery products in 4 lanes. */

export function multiplyModulo(a: u32, b: u32, p: u32): u32 {
  return <u32>((<u64>a * <u64>b) % <u64>p);
}

export function powerModulo(base: u32, exponent: u32, p: u32): u32 {
  let result: u32 = 1;
  let square = base;
  for (let e = exponent; e != 0; e >>= 1) {
    if (e & 1) result = multiplyModulo(result, square, p);
    square = multiplyModulo(square, square, p);
  }
  return result;
}

/** a^-1 mod p by Euclid's algorithm; `a` and `p` < 2^31 coprime. */
export function inverseModulo(a: u32, p: u32): u32 {
  let u: i32 = 1;
  let v: i32 = 0;
  let x = a;
  let y = p;
  while (x > 1) {
    const q = y / x;
    const r = y - q * x;
    const w = v - <i32>q * u;
    y = x;
    x = r;
    v = u;
    u = w;
  }
  return u < 0 ? <u32>(u + <i32>p) : <u32>u;
}

/** The Jacobi symbol (a / m) for odd `m`. */
export function jacobi(a: u32, m: u32): i32 {
  let x = a % m;
  let y = m;
  let flips: u32 = 0;
  while (x != 0) {
    const twos = ctz(x);
    x >>= twos;
    flips ^= twos & ((y ^ (y >> 1)) >> 1);
    flips ^= (x & y) >> 1;
    const rest = y % x;
    y = x;
    x = rest;
  }
  if (y != 1) return 0;
  return flips & 1 ? -1 : 1;
}

/**
 * a · b / 2^32 mod p in each of 4 lanes, for odd p < 2^31 with `inverse` = p^-1 mod 2^32 and a · b < p · 2^32
 * (Montgomery 1985, with the positive inverse, so that the low halves cancel without a carry).
 * @inline
 */
export function montgomery4(a: v128, b: v128, p: v128, inverse: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(a, b);
  const high = i64x2.extmul_high_i32x4_u(a, b);
  const digits = i32x4.mul(v128.shuffle<u32>(low, high, 0, 2, 4, 6), inverse);
  const lowTimes = i64x2.extmul_low_i32x4_u(digits, p);
  const highTimes = i64x2.extmul_high_i32x4_u(digits, p);
  const difference = i32x4.sub(
    v128.shuffle<u32>(low, high, 1, 3, 5, 7),
    v128.shuffle<u32>(lowTimes, highTimes, 1, 3, 5, 7),
  );
  return i32x4.min_u(difference, i32x4.add(difference, p));
}

/** a^exponent in each lane, where `a` and the result are in Montgomery form and `one` is 2^32 mod p. */
export function power4(a: v128, exponent: v128, p: v128, inverse: v128, one: v128): v128 {
  let result = one;
  let bits =
    32 -
    <i32>(
      clz(
        i32x4.extract_lane(exponent, 0) |
          i32x4.extract_lane(exponent, 1) |
          i32x4.extract_lane(exponent, 2) |
          i32x4.extract_lane(exponent, 3),
      )
    );
  while (--bits >= 0) {
    result = montgomery4(result, result, p, inverse);
    const set = i32x4.ne(v128.and(exponent, i32x4.splat(1 << bits)), i32x4.splat(0));
    result = v128.bitselect(montgomery4(result, a, p, inverse), result, set);
  }
  return result;
}
