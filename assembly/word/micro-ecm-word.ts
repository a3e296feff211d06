/**
 * The elliptic-curve method on one word: tiny bounds, curves in locals, two stages, no loop over primes.
 *
 * A curve has a base point with Z = 1, so that a bit of stage 1 costs 10 products. Stage 1 multiplies by a scalar, then doubles; stage 2
 * pairs giant steps of 60 with the 8 baby steps coprime to 60. On small numbers it is what Milan (2010) finds best from 60 bits on.
 */
import { SCRATCH } from '../layout';
import {
  babyStep,
  DOUBLINGS,
  GIANT_STEPS,
  levelAt,
  MASKS,
  PRODUCTS,
  SCALAR,
  SCALAR_BITS,
} from './micro-ecm-level';
import { gcdWord, montSquareOfR } from './montgomery-word';
import { canonical, residueAdd, residueMul, residueSquare, residueSub, SIGNED_END } from './residue-word';
import { SUYAMA_A24, SUYAMA_X, suyamaWord } from './suyama-word';
import { addWork } from './work';

/**
 * A nontrivial factor of n, or 1 if curves `from` to before `end` (at most `CURVES`) have no luck at this level. n is odd, composite, and
 * has no prime factor below 4,096.
 */
export function microEcmWord(n: u64, inverse: u64, one: u64, level: i32, from: i32, end: i32): u64 {
  const rSquared = montSquareOfR(n, inverse, one);
  const table = levelAt(level);
  for (let curve = from; curve < end; curve++) {
    addWork(load<u32>(table, PRODUCTS));
    const factor =
      n < SIGNED_END
        ? runCurve<i64>(n, inverse, one, rSquared, curve, table)
        : runCurve<u64>(n, inverse, one, rSquared, curve, table);
    if (factor != 1 && factor != n) return factor;
  }
  return 1;
}

/** Points of stage 2 in SCRATCH: X, Z, X·Z, 0. */
const POINT: usize = 32;
/** j·Q at index j for j < 30; the giant steps follow. */
const STEP_60: usize = SCRATCH + 60 * POINT;
const GIANT_0: usize = SCRATCH + 61 * POINT;

function runCurve<T>(n: u64, inverse: u64, one: u64, rSquared: u64, curve: i32, level: usize): u64 {
  const shared = suyamaWord(curve, n, inverse, rSquared);
  if (shared != 1) return shared;
  const x = load<T>(SUYAMA_X);
  const a24 = load<T>(SUYAMA_A24);

  // Stage 1: R1 - R0 is the base point (x : 1) throughout.
  let x0 = x;
  let z0 = <T>one;
  let s = residueSquare<T>(residueAdd<T>(x0, z0, n), n, inverse);
  let t = residueSquare<T>(residueSub<T>(x0, z0, n), n, inverse);
  let x1 = residueMul<T>(s, t, n, inverse);
  let z1 = doubledZ<T>(s, t, a24, n, inverse);
  for (let bit = load<i32>(level, SCALAR_BITS) - 2; bit >= 0; bit--) {
    const isOne = (load<u64>(level + SCALAR + ((<usize>(bit >> 6)) << 3)) >> (bit & 63)) & 1;
    const sum0 = residueAdd<T>(x0, z0, n);
    const difference0 = residueSub<T>(x0, z0, n);
    const sum1 = residueAdd<T>(x1, z1, n);
    const difference1 = residueSub<T>(x1, z1, n);
    const cross0 = residueMul<T>(sum0, difference1, n, inverse);
    const cross1 = residueMul<T>(sum1, difference0, n, inverse);
    const plus = residueAdd<T>(cross0, cross1, n);
    const minus = residueSub<T>(cross0, cross1, n);
    s = residueSquare<T>(isOne ? sum1 : sum0, n, inverse);
    t = residueSquare<T>(isOne ? difference1 : difference0, n, inverse);
    const xSum = residueSquare<T>(plus, n, inverse);
    const zSum = residueMul<T>(residueSquare<T>(minus, n, inverse), x, n, inverse);
    const xDouble = residueMul<T>(s, t, n, inverse);
    const zDouble = doubledZ<T>(s, t, a24, n, inverse);
    x0 = isOne ? xSum : xDouble;
    z0 = isOne ? zSum : zDouble;
    x1 = isOne ? xDouble : xSum;
    z1 = isOne ? zDouble : zSum;
  }
  for (let i = load<i32>(level, DOUBLINGS); i > 0; i--) {
    s = residueSquare<T>(residueAdd<T>(x0, z0, n), n, inverse);
    t = residueSquare<T>(residueSub<T>(x0, z0, n), n, inverse);
    x0 = residueMul<T>(s, t, n, inverse);
    z0 = doubledZ<T>(s, t, a24, n, inverse);
  }
  const product = stage2<T>(n, inverse, x0, z0, a24, level);
  const factor = gcdWord(canonical<T>(product, n), n);
  return factor == n ? gcdWord(canonical<T>(z0, n), n) : factor;
}

/** Z of a doubled point: (s - t)·(t + a24·(s - t)) for s = (X + Z)² and t = (X - Z)². @inline */
function doubledZ<T>(s: T, t: T, a24: T, n: u64, inverse: u64): T {
  const difference = residueSub<T>(s, t, n);
  const scaled = residueMul<T>(a24, difference, n, inverse);
  return residueMul<T>(difference, residueAdd<T>(t, scaled, n), n, inverse);
}

function doublePoint<T>(r: usize, p: usize, n: u64, inverse: u64, a24: T): void {
  const x = load<T>(p);
  const z = load<T>(p, 8);
  const s = residueSquare<T>(residueAdd<T>(x, z, n), n, inverse);
  const t = residueSquare<T>(residueSub<T>(x, z, n), n, inverse);
  store<T>(r, residueMul<T>(s, t, n, inverse));
  store<T>(r, doubledZ<T>(s, t, a24, n, inverse), 8);
}

function addPoint<T>(r: usize, p: usize, q: usize, difference: usize, n: u64, inverse: u64): void {
  const px = load<T>(p);
  const pz = load<T>(p, 8);
  const qx = load<T>(q);
  const qz = load<T>(q, 8);
  const cross0 = residueMul<T>(residueSub<T>(px, pz, n), residueAdd<T>(qx, qz, n), n, inverse);
  const cross1 = residueMul<T>(residueAdd<T>(px, pz, n), residueSub<T>(qx, qz, n), n, inverse);
  const plus = residueSquare<T>(residueAdd<T>(cross0, cross1, n), n, inverse);
  const minus = residueSquare<T>(residueSub<T>(cross0, cross1, n), n, inverse);
  const x = residueMul<T>(plus, load<T>(difference, 8), n, inverse);
  store<T>(r, residueMul<T>(minus, load<T>(difference), n, inverse), 8);
  store<T>(r, x);
}

/** @inline */
function at(j: usize): usize {
  return SCRATCH + j * POINT;
}

function addAt<T>(sum: usize, a: usize, b: usize, n: u64, inverse: u64): void {
  addPoint<T>(at(sum), at(a), at(b), at(a - b), n, inverse);
}

/** The product of z² and X_m·Z_j - X_j·Z_m over all giant steps m and baby steps j with a prime at 60m ± j. */
function stage2<T>(n: u64, inverse: u64, x: T, z: T, a24: T, level: usize): T {
  store<T>(at(1), x);
  store<T>(at(1), z, 8);
  doublePoint<T>(at(2), at(1), n, inverse, a24);
  doublePoint<T>(at(4), at(2), n, inverse, a24);
  addAt<T>(3, 2, 1, n, inverse);
  doublePoint<T>(at(6), at(3), n, inverse, a24);
  addAt<T>(5, 3, 2, n, inverse);
  addAt<T>(7, 5, 2, n, inverse);
  addAt<T>(11, 6, 5, n, inverse);
  addAt<T>(13, 7, 6, n, inverse);
  addAt<T>(17, 11, 6, n, inverse);
  addAt<T>(19, 13, 6, n, inverse);
  addAt<T>(23, 17, 6, n, inverse);
  addAt<T>(29, 23, 6, n, inverse);
  addAt<T>(30, 17, 13, n, inverse);
  doublePoint<T>(STEP_60, at(30), n, inverse, a24);
  for (let i: u32 = 0; i < 8; i++) {
    const baby = at(babyStep(i));
    store<T>(baby, residueMul<T>(load<T>(baby), load<T>(baby, 8), n, inverse), 16);
  }

  // Two products in turn: what multiplies one need not wait for the other.
  let product = z;
  let other = z;
  let giant = GIANT_0;
  store<v128>(giant, load<v128>(STEP_60));
  const giants = load<u32>(level, GIANT_STEPS);
  for (let m: u32 = 1; m <= giants; m++, giant += POINT) {
    if (m == 2) doublePoint<T>(giant, STEP_60, n, inverse, a24);
    else if (m > 2) addPoint<T>(giant, giant - POINT, STEP_60, giant - 2 * POINT, n, inverse);
    const giantX = load<T>(giant);
    const giantZ = load<T>(giant, 8);
    const giantXZ = residueMul<T>(giantX, giantZ, n, inverse);
    for (let mask = <u32>load<u8>(level + MASKS + m); mask != 0; mask &= mask - 1) {
      const baby = at(babyStep(ctz(mask)));
      const gap = residueSub<T>(giantX, load<T>(baby), n);
      const sum = residueAdd<T>(giantZ, load<T>(baby, 8), n);
      const cross = residueSub<T>(residueMul<T>(gap, sum, n, inverse), giantXZ, n);
      const next = residueMul<T>(other, residueAdd<T>(cross, load<T>(baby, 16), n), n, inverse);
      other = product;
      product = next;
    }
  }
  return residueMul<T>(product, other, n, inverse);
}
