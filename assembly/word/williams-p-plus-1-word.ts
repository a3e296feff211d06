/**
 * Williams' p + 1 method (1982) on a word, as the first thing to try: it finds a prime factor p for which p + 1, or p - 1 where 5 is a
 * square modulo p, has no prime factor above B1 but one up to B2, at a third of the price of a curve.
 *
 * V_i of the Lucas sequence with P = 3 and Q = 1 stands for a power in the group, and V_(i+j) = V_i·V_j - V_(i-j). Scalar, doublings and
 * the pairs of stage 2 are those of a level of curves (`micro-ecm-level.ts`).
 */
import { SCRATCH } from '../layout';
import { babyStep, DOUBLINGS, GIANT_STEPS, levelAt, MASKS, SCALAR, SCALAR_BITS } from './micro-ecm-level';
import { addMod, gcdWord } from './montgomery-word';
import { canonical, residueMul, residueSquare, residueSub, SIGNED_END } from './residue-word';
import { addWork } from './work';

/** Products in one bit of stage 1 and, about, those that do not depend on the level. */
const BIT_PRODUCTS: u32 = 2;
const SET_UP_PRODUCTS: u32 = 80;

/** A factor of n, which may be 1 or n. n is odd and below 2^64. */
export function williamsPPlus1Word(n: u64, inverse: u64, one: u64, level: i32): u64 {
  const table = levelAt(level);
  return n < SIGNED_END ? run<i64>(n, inverse, one, table) : run<u64>(n, inverse, one, table);
}

function run<T>(n: u64, inverse: u64, one: u64, level: usize): u64 {
  const two = <T>addMod(one, one, n);
  const three = <T>addMod(<u64>two, one, n);
  const bits = load<i32>(level, SCALAR_BITS);
  addWork(SET_UP_PRODUCTS + BIT_PRODUCTS * <u32>bits);
  let v = three;
  let next = residueSub<T>(residueSquare<T>(three, n, inverse), two, n);
  for (let bit = bits - 2; bit >= 0; bit--) {
    const cross = residueSub<T>(residueMul<T>(v, next, n, inverse), three, n);
    if ((load<u64>(level + SCALAR + ((<usize>(bit >> 6)) << 3)) >> (bit & 63)) & 1) {
      v = cross;
      next = residueSub<T>(residueSquare<T>(next, n, inverse), two, n);
    } else {
      next = cross;
      v = residueSub<T>(residueSquare<T>(v, n, inverse), two, n);
    }
  }
  for (let i = load<i32>(level, DOUBLINGS); i > 0; i--)
    v = residueSub<T>(residueSquare<T>(v, n, inverse), two, n);
  v = reduced<T>(v, n);
  const before = canonical<T>(residueSub<T>(v, two, n), n);
  const factor = gcdWord(stage2<T>(n, inverse, two, v, level), n);
  return factor == n ? gcdWord(before, n) : factor;
}

/** A product minus a number in [0, n), in [0, n). @inline */
function reduced<T>(a: T, n: u64): T {
  return <T>canonical<T>(<T>canonical<T>(a, n), n);
}

/** V_(j·E) at index j up to 30, E being the scalar of stage 1 with its doublings. @inline */
function at(j: usize): usize {
  return SCRATCH + (j << 3);
}

function doubleAt<T>(j: usize, n: u64, inverse: u64, two: T): void {
  store<T>(at(2 * j), reduced<T>(residueSub<T>(residueSquare<T>(load<T>(at(j)), n, inverse), two, n), n));
}

function addAt<T>(i: usize, j: usize, n: u64, inverse: u64): void {
  const product = residueMul<T>(load<T>(at(i)), load<T>(at(j)), n, inverse);
  store<T>(at(i + j), reduced<T>(residueSub<T>(product, load<T>(at(i - j)), n), n));
}

/** Twice the product of V_E - 2 and V_(60mE) - V_(jE) over all giant steps m and baby steps j with a prime at 60m ± j, in [0, n). */
function stage2<T>(n: u64, inverse: u64, two: T, v: T, level: usize): u64 {
  store<T>(at(1), v);
  doubleAt<T>(1, n, inverse, two);
  doubleAt<T>(2, n, inverse, two);
  addAt<T>(2, 1, n, inverse);
  doubleAt<T>(3, n, inverse, two);
  addAt<T>(3, 2, n, inverse);
  addAt<T>(5, 2, n, inverse);
  addAt<T>(6, 5, n, inverse);
  addAt<T>(7, 6, n, inverse);
  addAt<T>(11, 6, n, inverse);
  addAt<T>(13, 6, n, inverse);
  addAt<T>(17, 6, n, inverse);
  addAt<T>(23, 6, n, inverse);
  addAt<T>(17, 13, n, inverse);
  doubleAt<T>(30, n, inverse, two);

  // Two products in turn: what multiplies one need not wait for the other.
  let product = residueSub<T>(v, two, n);
  let other = two;
  const step = load<T>(at(60));
  let before = two;
  let giant = step;
  const giants = load<u32>(level, GIANT_STEPS);
  for (let m: u32 = 1; m <= giants; m++) {
    const mask = <u32>load<u8>(level + MASKS + m);
    addWork(1 + popcnt(mask));
    for (let rest = mask; rest != 0; rest &= rest - 1) {
      const gap = residueSub<T>(giant, load<T>(at(babyStep(ctz(rest)))), n);
      const next = residueMul<T>(other, gap, n, inverse);
      other = product;
      product = next;
    }
    const following = residueSub<T>(residueMul<T>(giant, step, n, inverse), before, n);
    before = giant;
    giant = reduced<T>(following, n);
  }
  return canonical<T>(residueMul<T>(product, other, n, inverse), n);
}
