/**
 * The elliptic-curve method on words: tiny bounds, curves in locals, two stages, no loop over primes.
 *
 * Montgomery curves in Suyama's parametrisation (Montgomery 1987), made affine by one inversion, so that a bit of stage 1 costs
 * 10 products. Stage 1 multiplies by lcm(1 … B1), kept as one long scalar; stage 2 pairs giant steps of 60 with the 8 baby
 * steps coprime to 60, by precomputed masks. Residues stay in [0, 2n), and no sum is reduced. On small numbers it is what Milan (2010) finds best from 60 bits on.
 */
import { MICRO_ECM, ODD_PRIMES, SCRATCH } from '../layout';
import { coverPrimeWindow, isPrimeInWindow } from '../arithmetic/prime-window';
import {
  gcdWord,
  inverseModWord,
  lazyDifference,
  montMul,
  montMulLazy,
  montSquareOfR,
} from './montgomery-word';

/** For sigma up to 60 a curve's constants fit words, and its denominator has no prime factor above 3,595. */
const SIGMA_MIN: u64 = 6;
const SIGMA_MAX: u64 = 60;

/** Per level, at MICRO_ECM: B1 and the last giant step (u32), the scalar's bits (u32), the scalar (8 words), the masks (u8). */
const LEVEL_BYTES: usize = 256;
const SCALAR: usize = 16;
const SCALAR_WORDS: i32 = 8;
const MASKS: usize = 80;
const WIDTH: u32 = 60;

/** Fills the table of levels; needs the odd primes. Part of `init`. */
export function initMicroEcm(): void {
  coverPrimeWindow(1, 5_100);
  initLevel(0, 47, 1_400);
  initLevel(1, 85, 2_500);
  initLevel(2, 165, 5_000);
}

function initLevel(level: usize, b1: u32, b2: u32): void {
  const at = MICRO_ECM + level * LEVEL_BYTES;
  const giants = b2 / WIDTH;
  store<u32>(at, b1);
  store<u32>(at, giants, 4);
  for (let i = 0; i < SCALAR_WORDS; i++) store<u64>(at + SCALAR + ((<usize>i) << 3), i == 0 ? 1 : 0);
  for (let power: u32 = 2; power <= b1; power <<= 1) multiplyScalar(at + SCALAR, 2);
  for (let i: usize = 0; ; i++) {
    const p = <u32>load<u16>(ODD_PRIMES + (i << 1));
    if (p > b1) break;
    for (let power = p; power <= b1; power *= p) multiplyScalar(at + SCALAR, p);
  }
  let top = SCALAR_WORDS - 1;
  while (load<u64>(at + SCALAR + ((<usize>top) << 3)) == 0) top--;
  store<u32>(at, <u32>(64 * top + 64) - <u32>clz(load<u64>(at + SCALAR + ((<usize>top) << 3))), 8);

  for (let m: u32 = 1; m <= giants; m++) {
    let mask: u32 = 0;
    for (let bit: u32 = 0; bit < 8; bit++) {
      const j = babyStep(bit);
      if (isPrimeAbove(b1, m * WIDTH - j) || isPrimeAbove(b1, m * WIDTH + j)) mask |= 1 << bit;
    }
    store<u8>(at + MASKS + m, <u8>mask);
  }
}

function multiplyScalar(scalar: usize, factor: u64): void {
  let carry: u64 = 0;
  for (let at = scalar; at < scalar + 8 * SCALAR_WORDS; at += 4) {
    carry += factor * <u64>load<u32>(at);
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
}

function isPrimeAbove(b1: u32, n: u32): bool {
  return n > b1 && isPrimeInWindow(n);
}

/** The numbers below 30 that are coprime to 60. */
function babyStep(index: u32): u32 {
  return <u32>(<u64>0x1d171311_0d0b0701 >> (index << 3)) & 0xff;
}

/**
 * A nontrivial factor of n, or 1 after all curves. n is odd, composite, below 2^60 and has no prime factor below 4,096. Levels 0, 1 and 2
 * suit numbers of up to 50, 58 and 60 bits.
 */
export function microEcmWord(n: u64, inverse: u64, one: u64, level: i32): u64 {
  const rSquared = montSquareOfR(n, inverse, one);
  for (let sigma = SIGMA_MIN; sigma <= SIGMA_MAX; sigma++) {
    const factor = runCurve(n, inverse, one, rSquared, sigma, MICRO_ECM + <usize>level * LEVEL_BYTES);
    if (factor != 1 && factor != n) return factor;
  }
  return 1;
}

/** Points of stage 2 in SCRATCH: X, Z, X·Z, 0. */
const POINT: usize = 32;
/** j·Q at index j for j < 30; the giant steps follow. */
const STEP_60: usize = SCRATCH + 60 * POINT;
const GIANT_0: usize = SCRATCH + 61 * POINT;

function runCurve(n: u64, inverse: u64, one: u64, rSquared: u64, sigma: u64, level: usize): u64 {
  const u = sigma * sigma - 5;
  const v = 4 * sigma;
  const u3 = u * u * u;
  const v3 = v * v * v;
  const denominator = (16 * u3 * v3) % n;
  const reciprocal = inverseModWord(denominator, n);
  if (reciprocal == 0) return gcdWord(denominator, n);
  const scale = montMul(montMul(reciprocal, rSquared, n, inverse), rSquared, n, inverse);
  // x = u³/v³ and (a + 2)/4 = (v - u)³·(3u + v)/(16·u³·v), with u > v; see `ecm/curve.ts`.
  const gap = u - v;
  const x = montMul(mulModSmall(16 * u3, u3, n, inverse, rSquared), scale, n, inverse);
  const numerator = (gap * gap * gap * (3 * u + v)) % n;
  const a24 = n - montMul(mulModSmall(numerator, v * v, n, inverse, rSquared), scale, n, inverse);

  // Stage 1: R1 - R0 is the base point (x : 1) throughout.
  let x0 = x;
  let z0 = one;
  let s = x + one;
  let t = lazyDifference(x, one, n);
  s = montMulLazy(s, s, n, inverse);
  t = montMulLazy(t, t, n, inverse);
  let x1 = montMulLazy(s, t, n, inverse);
  s = lazyDifference(s, t, n);
  let z1 = montMulLazy(s, t + montMulLazy(a24, s, n, inverse), n, inverse);
  for (let bit = load<i32>(level, 8) - 2; bit >= 0; bit--) {
    const isOne = (load<u64>(level + SCALAR + ((<usize>(bit >> 6)) << 3)) >> (bit & 63)) & 1;
    const sum0 = x0 + z0;
    const difference0 = lazyDifference(x0, z0, n);
    const sum1 = x1 + z1;
    const difference1 = lazyDifference(x1, z1, n);
    s = isOne ? sum1 : sum0;
    t = isOne ? difference1 : difference0;
    const cross0 = montMulLazy(sum0, difference1, n, inverse);
    const cross1 = montMulLazy(sum1, difference0, n, inverse);
    const plus = cross0 + cross1;
    const minus = lazyDifference(cross0, cross1, n);
    const xSum = montMulLazy(plus, plus, n, inverse);
    const zSum = montMulLazy(montMulLazy(minus, minus, n, inverse), x, n, inverse);
    s = montMulLazy(s, s, n, inverse);
    t = montMulLazy(t, t, n, inverse);
    const xDouble = montMulLazy(s, t, n, inverse);
    s = lazyDifference(s, t, n);
    const zDouble = montMulLazy(s, t + montMulLazy(a24, s, n, inverse), n, inverse);
    x0 = isOne ? xSum : xDouble;
    z0 = isOne ? zSum : zDouble;
    x1 = isOne ? xDouble : xSum;
    z1 = isOne ? zDouble : zSum;
  }
  const product = stage2(n, inverse, x0, z0, a24, level);
  const factor = gcdWord(product, n);
  return factor == n ? gcdWord(z0, n) : factor;
}

/** a·b mod n as plain numbers, for any words a and b. @inline */
function mulModSmall(a: u64, b: u64, n: u64, inverse: u64, rSquared: u64): u64 {
  return montMul(montMul(a % n, b % n, n, inverse), rSquared, n, inverse);
}

function doublePoint(r: usize, p: usize, n: u64, inverse: u64, a24: u64): void {
  const x = load<u64>(p);
  const z = load<u64>(p, 8);
  let s = x + z;
  let t = lazyDifference(x, z, n);
  s = montMulLazy(s, s, n, inverse);
  t = montMulLazy(t, t, n, inverse);
  store<u64>(r, montMulLazy(s, t, n, inverse));
  s = lazyDifference(s, t, n);
  store<u64>(r, montMulLazy(s, t + montMulLazy(a24, s, n, inverse), n, inverse), 8);
}

function addPoint(r: usize, p: usize, q: usize, difference: usize, n: u64, inverse: u64): void {
  const px = load<u64>(p);
  const pz = load<u64>(p, 8);
  const qx = load<u64>(q);
  const qz = load<u64>(q, 8);
  const cross0 = montMulLazy(lazyDifference(px, pz, n), qx + qz, n, inverse);
  const cross1 = montMulLazy(px + pz, lazyDifference(qx, qz, n), n, inverse);
  const plus = cross0 + cross1;
  const minus = lazyDifference(cross0, cross1, n);
  const x = montMulLazy(montMulLazy(plus, plus, n, inverse), load<u64>(difference, 8), n, inverse);
  store<u64>(r, montMulLazy(montMulLazy(minus, minus, n, inverse), load<u64>(difference), n, inverse), 8);
  store<u64>(r, x);
}

/** @inline */
function at(j: usize): usize {
  return SCRATCH + j * POINT;
}

function addAt(sum: usize, a: usize, b: usize, n: u64, inverse: u64): void {
  addPoint(at(sum), at(a), at(b), at(a - b), n, inverse);
}

/** The product of z and X_m·Z_j - X_j·Z_m over all giant steps m and baby steps j with a prime at 60m ± j. */
function stage2(n: u64, inverse: u64, x: u64, z: u64, a24: u64, level: usize): u64 {
  store<u64>(at(1), x);
  store<u64>(at(1), z, 8);
  doublePoint(at(2), at(1), n, inverse, a24);
  doublePoint(at(4), at(2), n, inverse, a24);
  addAt(3, 2, 1, n, inverse);
  doublePoint(at(6), at(3), n, inverse, a24);
  addAt(5, 3, 2, n, inverse);
  addAt(7, 5, 2, n, inverse);
  addAt(11, 6, 5, n, inverse);
  addAt(13, 7, 6, n, inverse);
  addAt(17, 11, 6, n, inverse);
  addAt(19, 13, 6, n, inverse);
  addAt(23, 17, 6, n, inverse);
  addAt(29, 23, 6, n, inverse);
  addAt(30, 17, 13, n, inverse);
  doublePoint(STEP_60, at(30), n, inverse, a24);
  for (let i: u32 = 0; i < 8; i++) {
    const baby = at(babyStep(i));
    store<u64>(baby, montMulLazy(load<u64>(baby), load<u64>(baby, 8), n, inverse), 16);
  }

  let product = z;
  let giant = GIANT_0;
  store<v128>(giant, load<v128>(STEP_60));
  const giants = load<u32>(level, 4);
  for (let m: u32 = 1; m <= giants; m++, giant += POINT) {
    if (m == 2) doublePoint(giant, STEP_60, n, inverse, a24);
    else if (m > 2) addPoint(giant, giant - POINT, STEP_60, giant - 2 * POINT, n, inverse);
    const giantX = load<u64>(giant);
    const giantZ = load<u64>(giant, 8);
    const giantXZ = montMulLazy(giantX, giantZ, n, inverse);
    for (let mask = <u32>load<u8>(level + MASKS + m); mask != 0; mask &= mask - 1) {
      const baby = at(babyStep(ctz(mask)));
      const cross = montMulLazy(
        lazyDifference(giantX, load<u64>(baby), n),
        giantZ + load<u64>(baby, 8),
        n,
        inverse,
      );
      product = montMulLazy(product, lazyDifference(cross, giantXZ, n) + load<u64>(baby, 16), n, inverse);
    }
  }
  return product;
}
