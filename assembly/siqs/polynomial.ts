/**
 * Polynomials a·x² + b·x + c of discriminant b² − 4ac = kn, self-initialising (Contini 1997).
 *
 * a is a product of primes q_j of the pool; b = ±B_1 ± … ± B_s (+ a where needed to make it odd), B_j² ≡ kn (mod q_j) and
 * B_j ≡ 0 modulo the others, runs through its signs in the order of a Gray code. A value v of the polynomial at x satisfies
 * (2ax + b)² = 4a·v + kn. With the offset of the interval, prime p divides v at the positions ROOTS_1[p] and ROOTS_2[p]
 * modulo p; a step of the Gray code moves both by DELTAS[j][p] = B_j / a. Primes that divide a (or no prime at all)
 * have NOWHERE for a root, which no position reaches.
 */
import {
  A,
  A_BASE_INDEX,
  A_FACTORS,
  A_GAMMA,
  A_POOL_INDEX,
  A_PRIME,
  B,
  BASE_PADDED,
  BASE_SIZE,
  BUCKET_FROM,
  B_PARTS,
  C,
  COEFFICIENT_AT,
  DELTAS,
  GRAY_INDEX,
  HALF_INTERVAL,
  INVERSES,
  KN,
  LIMBS_POLY,
  NUMBER_BYTES,
  POOL_INVERSES,
  PRIMES,
  ROOTS_1,
  ROOTS_2,
  SLICE_COUNT,
  SQRTS,
  TEMP,
} from '../../src/kernel/siqs-header';
import { BATCH, fillBuckets } from './buckets';
import { chooseCoefficient } from './coefficient';
import { entry, field, setField } from './header';
import { inverseModulo, montgomery4, multiplyModulo } from './modular';
import {
  add,
  copy,
  divideExactWord,
  multiply,
  multiplyWord,
  remainderWord,
  setWord,
  sub,
} from '../arithmetic/natural';
import { isNegative, negate, shiftRightSigned } from '../arithmetic/signed';

export const NOWHERE: u32 = 0x7fffffff;

/** The next polynomial: a step of the Gray code, or the first one of a coefficient. */
export function nextPolynomial(): void {
  const index = field(GRAY_INDEX);
  if (index != 0) stepGrayCode(index);
  else siqsNextCoefficient(field(BASE_PADDED) >> 2);
  setField(COEFFICIENT_AT, 0);
  if (field(SLICE_COUNT) != 0 && (index & (BATCH - 1)) == 0) fillBuckets(index);
  setField(GRAY_INDEX, (index + 1) & ((1 << (field(A_FACTORS) - 1)) - 1));
}

/**
 * Goes on with the next coefficient and all that hangs on it, for up to `groups` (at least 1) groups of four primes, until it is there
 * (`COEFFICIENT_AT`). At 100 digits it takes 8 ms in all.
 */
export function siqsNextCoefficient(groups: u32): void {
  const from = field(COEFFICIENT_AT);
  const end = field(BASE_PADDED) << 2;
  if (from == end) return;
  if (from == 0) newCoefficient();
  const to = min(end, from + (groups << 4));
  initialiseRoots(from, to);
  setField(COEFFICIENT_AT, to);
  if (to == end) markInert();
}

function newCoefficient(): void {
  chooseCoefficient();
  const limbs = field(LIMBS_POLY);
  const count = field(A_FACTORS);
  setWord(A, 1, limbs);
  for (let j: u32 = 0; j < count; j++) multiplyWord(A, A, load<u32>(A_PRIME + (j << 2)), limbs);
  setWord(B, 0, limbs);
  for (let j: u32 = 0; j < count; j++) {
    const part = B_PARTS + j * NUMBER_BYTES;
    const i = load<u32>(A_BASE_INDEX + (j << 2));
    const q = load<u32>(A_PRIME + (j << 2));
    divideExactWord(part, A, q, load<u32>(entry(INVERSES, i)), limbs);
    let gamma = multiplyModulo(
      load<u32>(entry(SQRTS, i)),
      inverseModulo(remainderWord(part, q, limbs), q),
      q,
    );
    if (gamma + gamma > q) gamma = q - gamma;
    store<u32>(A_GAMMA + (j << 2), gamma);
    multiplyWord(part, part, gamma, limbs);
    add(B, B, part, limbs);
  }
  if (isShifted()) add(B, B, A, limbs);
  // c = (b² − kn) / 4a, divided by one prime of a after the other.
  multiply(TEMP, B, B, limbs);
  sub(TEMP, TEMP, KN, 2 * limbs);
  for (let j: u32 = 0; j < count; j++) {
    const i = load<u32>(A_BASE_INDEX + (j << 2));
    divideExactWord(TEMP, TEMP, load<u32>(A_PRIME + (j << 2)), load<u32>(entry(INVERSES, i)), 2 * limbs);
  }
  shiftRightSigned(TEMP, TEMP, 2, 2 * limbs);
  copy(C, TEMP, limbs);
}

/** Whether the sum of all B_j is even, so that a is added to make it odd. */
function isShifted(): bool {
  let sum: u32 = 0;
  for (let j: u32 = 0; j < field(A_FACTORS); j++) sum += load<u32>(B_PARTS + j * NUMBER_BYTES);
  return (sum & 1) == 0;
}

/** DELTAS and ROOTS for a new a, bytes `from` to `to` of the arrays: (±r − b) / 2a plus half the interval, modulo every prime. */
function initialiseRoots(from: u32, to: u32): void {
  const count = field(A_FACTORS);
  const stride = field(BASE_PADDED) << 2;
  const inverses = field(POOL_INVERSES);
  const deltas = field(DELTAS);
  const primes = field(PRIMES);
  const primeInverses = field(INVERSES);
  const sqrts = field(SQRTS);
  const halves = field(HALF_INTERVAL);
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const one = i32x4.splat(1);
  const extra = i32x4.splat(isShifted() ? 1 : 0);
  for (let at = from; at < to; at += 16) {
    const p = v128.load(primes + at);
    const inverse = v128.load(primeInverses + at);
    let shift = extra;
    let aInverse = one;
    for (let j: u32 = 0; j < count; j++) {
      const row = v128.load(inverses + load<u32>(A_POOL_INDEX + (j << 2)) * stride + at);
      const delta = montgomery4(v128.load32_splat(A_GAMMA + (j << 2)), row, p, inverse);
      v128.store(deltas + j * stride + at, delta);
      const sum = i32x4.add(shift, delta);
      shift = i32x4.min_u(sum, i32x4.sub(sum, p));
      aInverse = j == 0 ? row : montgomery4(aInverse, row, p, inverse);
    }
    const r = montgomery4(v128.load(sqrts + at), aInverse, p, inverse);
    const half = v128.load(halves + at);
    v128.store(roots1 + at, rootOf(r, shift, half, p, one));
    v128.store(roots2 + at, rootOf(i32x4.sub(p, r), shift, half, p, one));
  }
}

/** The primes of a, and entries that stand for no prime, have no roots and never get any. */
function markInert(): void {
  const count = field(A_FACTORS);
  const padded = field(BASE_PADDED);
  const deltas = field(DELTAS);
  for (let j: u32 = 0; j < count; j++) {
    const i = load<u32>(A_BASE_INDEX + (j << 2));
    for (let row: u32 = 0; row < count; row++) store<u32>(deltas + ((row * padded + i) << 2), 0);
  }
  markNowhere();
  for (let i: u32 = 0; i < padded; i = i == 1 ? field(BASE_SIZE) : i + 1) {
    store<u32>(entry(ROOTS_1, i), NOWHERE);
    store<u32>(entry(ROOTS_2, i), NOWHERE);
  }
}

/** (r − shift) / 2 + half modulo p, for 0 ≤ r ≤ p. */
function rootOf(r: v128, shift: v128, half: v128, p: v128, one: v128): v128 {
  let x = i32x4.sub(r, shift);
  x = i32x4.min_u(x, i32x4.add(x, p));
  const odd = i32x4.sub(i32x4.splat(0), v128.and(x, one));
  x = i32x4.shr_u(i32x4.add(x, v128.and(p, odd)), 1);
  x = i32x4.add(x, half);
  return i32x4.min_u(x, i32x4.sub(x, p));
}

function markNowhere(): void {
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const count = field(A_FACTORS);
  for (let j: u32 = 0; j < count; j++) {
    const i = load<u32>(A_BASE_INDEX + (j << 2)) << 2;
    store<u32>(roots1 + i, NOWHERE);
    store<u32>(roots2 + i, NOWHERE);
  }
}

function stepGrayCode(index: u32): void {
  const limbs = field(LIMBS_POLY);
  const j = ctz(index);
  const plus = ((index >> (j + 1)) & 1) != 0;
  const part = B_PARTS + j * NUMBER_BYTES;
  // c changes by gamma · (B_j ± b) / q_j; the number divided may be negative, so its absolute value is.
  if (plus) add(TEMP, part, B, limbs);
  else sub(TEMP, part, B, limbs);
  const i = load<u32>(A_BASE_INDEX + (j << 2));
  divideExactWord(TEMP, TEMP, load<u32>(A_PRIME + (j << 2)), load<u32>(entry(INVERSES, i)), limbs);
  const negative = isNegative(TEMP, limbs);
  if (negative) negate(TEMP, TEMP, limbs);
  multiplyWord(TEMP, TEMP, load<u32>(A_GAMMA + (j << 2)), limbs);
  if (negative) sub(C, C, TEMP, limbs);
  else add(C, C, TEMP, limbs);
  for (let twice = 0; twice < 2; twice++) {
    if (plus) add(B, B, part, limbs);
    else sub(B, B, part, limbs);
  }
  const padded = field(BASE_PADDED);
  moveRoots(field(DELTAS) + ((j * padded) << 2), field(BUCKET_FROM) << 2, plus);
  markNowhere();
}

/**
 * Moves the roots that lie in the first `bytes` bytes; `fillBuckets` moves the others. b grows by 2·B_j (`plus`) or falls by
 * it: the roots move the other way.
 */
function moveRoots(deltas: u32, bytes: u32, plus: bool): void {
  const primes = field(PRIMES);
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  if (plus) {
    for (let at: u32 = 0; at < bytes; at += 16) {
      const p = v128.load(primes + at);
      const delta = v128.load(deltas + at);
      const x = i32x4.sub(v128.load(roots1 + at), delta);
      const y = i32x4.sub(v128.load(roots2 + at), delta);
      v128.store(roots1 + at, i32x4.min_u(x, i32x4.add(x, p)));
      v128.store(roots2 + at, i32x4.min_u(y, i32x4.add(y, p)));
    }
  } else {
    for (let at: u32 = 0; at < bytes; at += 16) {
      const p = v128.load(primes + at);
      const delta = v128.load(deltas + at);
      const x = i32x4.add(v128.load(roots1 + at), delta);
      const y = i32x4.add(v128.load(roots2 + at), delta);
      v128.store(roots1 + at, i32x4.min_u(x, i32x4.sub(x, p)));
      v128.store(roots2 + at, i32x4.min_u(y, i32x4.sub(y, p)));
    }
  }
}
