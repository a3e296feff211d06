/**
 * Products in Z[ζ]/(n) for long n: each coefficient is a sum of products, folded by the relations of ζ and reduced once.
 *
 * Coefficients are stored as elsewhere, as limbs of n's length, but in the Montgomery form of `long-product.ts`.
 */
import { ARENA, PRIMALITY, SCRATCH, SLOT_BYTES } from '../layout';
import { addMod, limbs, montMul, ONE } from '../arithmetic/modulus';
import { copy, setWord } from '../arithmetic/natural';
import {
  addProduct,
  clearSum,
  longBytes,
  longLimbs,
  longRadixBits,
  reduceSum,
  setLongModulus,
  subtractSum,
  sumBytes,
  SUM_MAX,
  unpack,
} from './long-product';

/** Up to so many limbs the unrolled products of `modulus.ts` are quicker, measured. */
const SHORT_LIMBS_MAX: i32 = 6;
const DEGREE_MIN: i32 = 4;

/** K, or 0 where products are not to go this way. */
const LIMBS: usize = PRIMALITY + 24;
const ORDER: usize = PRIMALITY + 28;
const DEGREE: usize = PRIMALITY + 32;
/** Brings a number into the long form by a product of `modulus.ts`. */
const TO_LONG: usize = PRIMALITY + 0x800;
/** The residue of 1. */
export const LONG_ONE: usize = PRIMALITY + 0xa00;

const UNIT: usize = SCRATCH + 12 * SLOT_BYTES;

/** Behind the elements, which take 64 KiB at most where products go this way. */
const FIRST: usize = ARENA + 0x20000;
const SECOND: usize = FIRST + 0x8000;
const SUM: usize = SECOND + 0x8000;
const TAILS: usize = SUM + 0x1000;

/** Takes the ring of that order and degree, if its products go this way. */
export function setLongRing(order: i32, degree: i32): void {
  const k = longLimbs();
  const isLong = limbs() > SHORT_LIMBS_MAX && degree >= DEGREE_MIN && degree * k <= SUM_MAX;
  store<i32>(LIMBS, isLong ? k : 0);
  if (!isLong) return;
  store<i32>(ORDER, order);
  store<i32>(DEGREE, degree);
  setLongModulus(k);
  // 2^e in the form of `modulus.ts`, for the long radix 2^e.
  const exponent = <u32>longRadixBits(k);
  copy(TO_LONG, ONE, limbs());
  for (let i = 31 - <i32>clz(exponent); i >= 0; i--) {
    montMul(TO_LONG, TO_LONG, TO_LONG);
    if ((exponent >> i) & 1) addMod(TO_LONG, TO_LONG, TO_LONG);
  }
  setWord(UNIT, 1, limbs());
  montMul(LONG_ONE, TO_LONG, UNIT);
}

/** @inline */
export function isLongRing(): bool {
  return load<i32>(LIMBS) != 0;
}

export function toLongForm(r: usize): void {
  montMul(r, r, TO_LONG);
}

/** r = the number that the coefficient a stands for. */
export function fromLongForm(r: usize, a: usize): void {
  const k = load<i32>(LIMBS);
  setWord(UNIT, 1, limbs());
  unpack(FIRST, a, k, 0);
  unpack(SECOND, UNIT, k, 0);
  clearSum(SUM, k);
  addProduct(SUM, FIRST, SECOND, k);
  reduceSum(r, SUM, k);
}

/** r = a·b; r may be either. */
export function longRingMul(r: usize, a: usize, b: usize): void {
  unpackElement(FIRST, a, 0);
  unpackElement(SECOND, b, 0);
  foldProduct(r, false);
}

/** r = a²; r may be a. */
export function longRingSquare(r: usize, a: usize): void {
  unpackElement(FIRST, a, 0);
  unpackElement(SECOND, a, 1);
  foldProduct(r, true);
}

function unpackElement(r: usize, a: usize, shift: u32): void {
  const k = load<i32>(LIMBS);
  const size = (<usize>limbs()) << 2;
  for (let i: usize = 0; i < <usize>load<i32>(DEGREE); i++)
    unpack(r + i * longBytes(k), a + i * size, k, shift);
}

/**
 * r = the product of FIRST and SECOND, or the square of FIRST, whose double is then SECOND: for coefficients c_s of ζ^s, by ζ^m = 1
 * and Σ ζ^(j·m/p) = 0 over j from 0 to p - 1, r_i = c_i + c_(i + m) - c_(φ + i mod m/p).
 */
function foldProduct(r: usize, isSquare: bool): void {
  const k = load<i32>(LIMBS);
  const order = load<i32>(ORDER);
  const degree = load<i32>(DEGREE);
  const step = order - degree;
  const size = (<usize>limbs()) << 2;
  const bytes = sumBytes(k);
  for (let i = 0; i < step; i++) {
    const tail = TAILS + <usize>i * bytes;
    clearSum(tail, k);
    addCoefficient(tail, degree + i, isSquare);
  }
  for (let i = 0; i < degree; i++) {
    clearSum(SUM, k);
    addCoefficient(SUM, i, isSquare);
    addCoefficient(SUM, i + order, isSquare);
    subtractSum(SUM, TAILS + <usize>(i % step) * bytes, k);
    reduceSum(r + <usize>i * size, SUM, k);
  }
}

/** sum += the coefficient at ζ^s of the product; 0 from 2φ - 1 on. */
function addCoefficient(sum: usize, s: i32, isSquare: bool): void {
  const k = load<i32>(LIMBS);
  const degree = load<i32>(DEGREE);
  const bytes = longBytes(k);
  const from = max(0, s - degree + 1);
  if (!isSquare) {
    for (let i = from; i <= min(s, degree - 1); i++)
      addProduct(sum, FIRST + <usize>i * bytes, SECOND + <usize>(s - i) * bytes, k);
    return;
  }
  for (let i = from; 2 * i < s; i++)
    addProduct(sum, FIRST + <usize>(s - i) * bytes, SECOND + <usize>i * bytes, k);
  const middle = FIRST + <usize>(s >> 1) * bytes;
  if ((s & 1) == 0 && s <= 2 * degree - 2) addProduct(sum, middle, middle, k);
}
