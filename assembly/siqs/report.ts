/**
 * Trial division of a position that the sieve reports, and what becomes of its cofactor.
 *
 * Which primes divide the value is known from the roots: p does if position ≡ root (mod p), tested for eight primes at once
 * as (position − root) · p^-1 mod 2^16 ≤ (2^16 − 1) / p.
 * The cofactor may be one large prime or a product of two.
 */
import {
  A,
  A_BASE_INDEX,
  A_FACTORS,
  B,
  BUCKET_FROM,
  C,
  COFACTOR_MAX,
  COFACTOR_MIN,
  FACTORS,
  INTERVAL,
  INVERSES,
  LARGE_PRIME_MAX,
  LIMBS_POLY,
  LOGS,
  LOG_SCALE,
  ONCE_FROM,
  PRIMES,
  REPORT_GAP_FROM,
  REPORT_GAP_TO,
  REPORT_LEFT_MAX,
  ROOT,
  ROOTS_1,
  ROOTS_2,
  SCRATCH,
  SHORT_INVERSES,
  SHORT_LIMITS,
  SIEVE_FROM,
  SLICE_COUNT,
  TEMP,
  THRESHOLD_PRIMES,
  VALUE,
} from '../../src/kernel/siqs-header';
import { currentOfBatch, listStrikes } from './buckets';
import { entry, field } from './header';
import {
  add,
  bitLength,
  copy,
  divideExactWord,
  isZero,
  limbsUsed,
  multiplyWord,
  trailingZeros,
} from '../arithmetic/natural';
import { isNegative, negate, shiftRightSigned } from '../arithmetic/signed';
import { addRelation } from './relations';
import { microEcmWord } from '../word/micro-ecm-word';
import { addMod, inverseWord, montMul, montOne } from '../word/montgomery-word';
import { isqrtWord, isSquareWord } from '../word/primality-word';
import { CURVES } from '../word/suyama-word';

/** How hard elliptic curves try to split a cofactor: the level for 52 bits; a cofactor missed costs little. */
const SPLIT_LEVEL = 3;

/** Divides the value at `position` of the interval; `sieved` is the sum of the logarithms that the sieve took off there. */
export function evaluateReport(position: u32, sieved: u32): void {
  const from = field(SIEVE_FROM);
  if (sieved + unsievedLogs(position, from) < field(THRESHOLD_PRIMES)) return;
  let limbs = field(LIMBS_POLY);
  let count = evaluate(<i32>(position - (field(INTERVAL) >> 1)), limbs);
  if (count == 0) return;
  limbs = limbsUsed(VALUE, limbs);
  count = divideByCoefficient(count, limbs);
  count = divideSieved(position, 0, from, count, limbs);
  limbs = limbsUsed(VALUE, limbs);
  const left = <u32>bitLength(VALUE, limbs) * field(LOG_SCALE);
  if (left > sieved + field(REPORT_LEFT_MAX)) return;
  if (left > sieved + field(REPORT_GAP_FROM) && left < sieved + field(REPORT_GAP_TO)) return;
  const once = field(ONCE_FROM);
  count = divideSieved(position, from, once, count, limbs);
  limbs = limbsUsed(VALUE, limbs);
  count = divideOnce(position, once, field(BUCKET_FROM), count, limbs);
  if (field(SLICE_COUNT) != 0) count = divideStrikes(position, count, limbs);
  if (bitLength(VALUE, limbs) > 64) return;
  splitCofactor(limbs == 1 ? <u64>load<u32>(VALUE) : load<u64>(VALUE), count);
}

/** Adds the relation if its cofactor is 1, a large prime, or a product of two. */
function splitCofactor(cofactor: u64, count: u32): void {
  const largePrimeMax = <u64>field(LARGE_PRIME_MAX);
  if (cofactor <= largePrimeMax) {
    addRelation(1, <u32>cofactor, count, false);
    return;
  }
  // Between the bound and the square of the greatest prime of the base it is a prime, too large.
  if (cofactor > load<u64>(COFACTOR_MAX) || cofactor < load<u64>(COFACTOR_MIN)) return;
  const inverse = inverseWord(cofactor);
  const one = montOne(cofactor);
  if (isFermatPrime(cofactor, inverse, one)) return;
  const factor = isSquareWord(cofactor)
    ? isqrtWord(cofactor)
    : microEcmWord(cofactor, inverse, one, SPLIT_LEVEL, 0, CURVES);
  const other = cofactor / factor;
  if (factor == 1 || max(factor, other) > largePrimeMax) return;
  addRelation(<u32>min(factor, other), <u32>max(factor, other), count, false);
}

/** Whether 2^(n − 1) ≡ 1 (mod n): true of every prime. */
function isFermatPrime(n: u64, inverse: u64, one: u64): bool {
  let power = one;
  const exponent = n - 1;
  for (let bit = 63 - <i32>clz(exponent); bit >= 0; bit--) {
    power = montMul(power, power, n, inverse);
    if ((exponent >> bit) & 1) power = addMod(power, power, n);
  }
  return power == one;
}

/**
 * Writes VALUE = |v|, without its factors of 2, and ROOT = |2ax + b|; lists the sign, and the 2s of 4·v. The number of
 * factors listed, at least 2; 0 if v is 0.
 */
function evaluate(x: i32, limbs: u32): u32 {
  const distance = <u32>abs(x);
  multiplyWord(TEMP, A, distance, limbs);
  if (x < 0) negate(TEMP, TEMP, limbs);
  add(VALUE, TEMP, B, limbs);
  add(ROOT, VALUE, TEMP, limbs);
  if (isNegative(ROOT, limbs)) negate(ROOT, ROOT, limbs);
  let negative = x < 0;
  if (isNegative(VALUE, limbs)) {
    negate(VALUE, VALUE, limbs);
    negative = !negative;
  }
  multiplyWord(VALUE, VALUE, distance, limbs);
  if (negative) negate(VALUE, VALUE, limbs);
  add(VALUE, VALUE, C, limbs);
  let count: u32 = 0;
  if (isNegative(VALUE, limbs)) {
    negate(VALUE, VALUE, limbs);
    store<u32>(FACTORS, 0);
    count = 1;
  }
  if (isZero(VALUE, limbs)) return 0;
  let twos = <u32>trailingZeros(VALUE);
  for (let i: u32 = 0; i < twos + 2; i++) store<u32>(FACTORS + (count++ << 2), 1);
  for (; twos > 31; twos -= 31) shiftRightSigned(VALUE, VALUE, 31, limbs);
  shiftRightSigned(VALUE, VALUE, twos, limbs);
  return count;
}

/** Lists the primes of a once for a itself, and again as often as they divide the value: they have no roots. */
function divideByCoefficient(count: u32, limbs: u32): u32 {
  const factors = field(A_FACTORS);
  for (let j: u32 = 0; j < factors; j++) {
    const i = load<u32>(A_BASE_INDEX + (j << 2));
    store<u32>(FACTORS + (count++ << 2), i);
    count = divideAll(i, count, limbs);
  }
  return count;
}

/** Divides by prime `i` of the base as often as it goes; entries that stand for no prime may be asked for, too. */
function divideAll(i: u32, count: u32, limbs: u32): u32 {
  const p = load<u32>(entry(PRIMES, i));
  if (p == 0) return count;
  const inverse = load<u32>(entry(INVERSES, i));
  while (divideExactWord(TEMP, VALUE, p, inverse, limbs) == 0) {
    copy(VALUE, TEMP, limbs);
    store<u32>(FACTORS + (count++ << 2), i);
  }
  return count;
}

/**
 * Which of the eight primes from index `i` on, a multiple of 8, divide the value at position `x`: none greater than the interval,
 * so that eight fit 16 bits. Where the position is below the root the difference wraps around; that hits by chance at most.
 * @inline
 */
function dividing(i: u32, x: v128, inverses: u32, limits: u32, roots1: u32, roots2: u32): v128 {
  const at = i << 2;
  const inverse = v128.load(inverses + (at >> 1));
  const limit = v128.load(limits + (at >> 1));
  const r1 = i16x8.narrow_i32x4_u(v128.load(roots1 + at), v128.load(roots1 + at, 16));
  const r2 = i16x8.narrow_i32x4_u(v128.load(roots2 + at), v128.load(roots2 + at, 16));
  const first = i16x8.mul(i16x8.sub(x, r1), inverse);
  const second = i16x8.mul(i16x8.sub(x, r2), inverse);
  return i16x8.le_u(i16x8.min_u(first, second), limit);
}

/** The sum of the logarithms of the primes with index below `to` that divide the value at `position`. */
function unsievedLogs(position: u32, to: u32): u32 {
  const inverses = field(SHORT_INVERSES);
  const limits = field(SHORT_LIMITS);
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const logs = field(LOGS);
  const x = i16x8.splat(<i16>position);
  let sums = i16x8.splat(0);
  for (let i: u32 = 0; i < to; i += 8) {
    const hits = dividing(i, x, inverses, limits, roots1, roots2);
    sums = i16x8.add(sums, v128.and(hits, v128.load8x8_u(logs + i)));
  }
  const pairs = i32x4.extadd_pairwise_i16x8_u(sums);
  return (
    i32x4.extract_lane(pairs, 0) +
    i32x4.extract_lane(pairs, 1) +
    i32x4.extract_lane(pairs, 2) +
    i32x4.extract_lane(pairs, 3)
  );
}

/** Divides by all primes of the base with index in [from, to), multiples of 8, that divide; a chance hit does not. */
function divideSieved(position: u32, from: u32, to: u32, count: u32, limbs: u32): u32 {
  const inverses = field(SHORT_INVERSES);
  const limits = field(SHORT_LIMITS);
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const x = i16x8.splat(<i16>position);
  for (let i = from; i < to; i += 8) {
    const hits = dividing(i, x, inverses, limits, roots1, roots2);
    if (!v128.any_true(hits)) continue;
    for (let mask = i16x8.bitmask(hits); mask != 0; mask &= mask - 1) {
      count = divideAll(i + <u32>ctz(mask), count, limbs);
    }
  }
  return count;
}

/** The same for primes greater than the interval, which divide where the position is the root itself. */
function divideOnce(position: u32, from: u32, to: u32, count: u32, limbs: u32): u32 {
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const x = i32x4.splat(position);
  for (let i = from; i < to; i += 8) {
    const at = i << 2;
    const first = v128.or(i32x4.eq(v128.load(roots1 + at), x), i32x4.eq(v128.load(roots2 + at), x));
    const second = v128.or(i32x4.eq(v128.load(roots1 + at, 16), x), i32x4.eq(v128.load(roots2 + at, 16), x));
    if (!v128.any_true(v128.or(first, second))) continue;
    for (let mask = i32x4.bitmask(first) | (i32x4.bitmask(second) << 4); mask != 0; mask &= mask - 1) {
      count = divideAll(i + <u32>ctz(mask), count, limbs);
    }
  }
  return count;
}

/** The same for the primes in the buckets. */
function divideStrikes(position: u32, count: u32, limbs: u32): u32 {
  const strikes = listStrikes(currentOfBatch(), position, SCRATCH);
  for (let i: u32 = 0; i < strikes; i++) count = divideAll(load<u32>(SCRATCH + (i << 2)), count, limbs);
  return count;
}
