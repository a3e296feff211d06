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

/** A square root of the quadratic residue `a` modulo the odd prime p < 2^31 (Tonelli and Shanks). */
export function squareRootModulo(a: u32, p: u32): u32 {
  if (a == 0) return 0;
  if ((p & 3) == 3) return powerModulo(a, (p + 1) >> 2, p);
  const twos = ctz(p - 1);
  const odd = (p - 1) >> twos;
  let nonResidue: u32 = 2;
  while (jacobi(nonResidue, p) != -1) nonResidue++;
  let generator = powerModulo(nonResidue, odd, p);
  let root = powerModulo(a, (odd - 1) >> 1, p);
  let rest = multiplyModulo(multiplyModulo(root, root, p), a, p);
  root = multiplyModulo(root, a, p);
  let order = twos;
  while (rest != 1) {
    let exponent: u32 = 0;
    let square = rest;
    while (square != 1) {
      square = multiplyModulo(square, square, p);
      exponent++;
    }
    for (let i = exponent + 1; i < order; i++) generator = multiplyModulo(generator, generator, p);
    root = multiplyModulo(root, generator, p);
    generator = multiplyModulo(generator, generator, p);
    rest = multiplyModulo(rest, generator, p);
    order = exponent;
  }
  return root;
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
