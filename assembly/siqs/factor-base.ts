/**
 * The multiplier and the factor base: the odd primes modulo which kn is a square, with all that depends on the prime alone.
 *
 * The multiplier k (Knuth and Schroeppel; see Silverman 1987) makes kn ≡ 1 (mod 4), so that kn is the discriminant of
 * integral quadratic polynomials, and gives kn many small primes to split over.
 */
import {
  BASE_COUNT,
  BASE_PADDED,
  BASE_SIZE,
  CURSOR,
  HALF_INTERVAL,
  INTERVAL,
  INVERSES,
  KN,
  LIMBS_KN,
  LIMBS_N,
  MULTIPLIER,
  N,
  NUMBER_BYTES,
  PRIMES,
  SCRATCH,
  SEGMENT,
  SEGMENT_BEGIN,
  SHORT_INVERSES,
  SHORT_LIMITS,
  SQRTS,
} from '../../src/kernel/siqs-header';
import { entry, field, setField } from './header';
import { bitLength, multiplyWord, remainderWord, setWord } from '../arithmetic/natural';
import { oddInverse } from '../arithmetic/odd-inverse';
import { findFourRoots, FOUR_PRIMES, FOUR_ROOTS, NO_ROOT } from './square-roots-of-kn';

const MULTIPLIER_MAX: u32 = 73;
const SCORING_PRIME_MAX: u32 = 300;
/** In the scratch area: per multiplier u32 and its score, f64; then the squares modulo the prime at hand. */
const CANDIDATES: u32 = SCRATCH;
const CANDIDATE_BYTES: u32 = 16;
const SQUARES: u32 = SCRATCH + 0x400;

/** Odd numbers in a piece of the sieve of Eratosthenes, at most, and for each prime of the base: a small one is in the first piece. */
const SEGMENT_ODDS: u32 = 0x8000;
const SEGMENT_ODDS_SHARE: u32 = 10;

/**
 * Chooses k and writes kn (Knuth and Schroeppel): the score of a k is the logarithm of what small primes take off the values on average,
 * less what k adds to them. Bounded: about 0.02 ms.
 */
export function siqsChooseMultiplier(): void {
  const limbs = field(LIMBS_N);
  const candidates = listMultipliers();
  for (let p: u32 = 3; p < SCORING_PRIME_MAX; p += 2) {
    if (!isSmallPrime(p)) continue;
    markSquares(p);
    const residue = remainderWord(N, p, limbs);
    const gain = Math.log(p) / <f64>(p - 1);
    for (let candidate = CANDIDATES; candidate < candidates; candidate += CANDIDATE_BYTES)
      store<f64>(
        candidate,
        load<f64>(candidate, 8) + gain * <f64>rootsModulo(load<u32>(candidate) % p, residue),
        8,
      );
  }
  let best = CANDIDATES;
  for (let at = CANDIDATES; at < candidates; at += CANDIDATE_BYTES)
    if (load<f64>(at, 8) > load<f64>(best, 8)) best = at;
  const multiplier = load<u32>(best);
  setField(MULTIPLIER, multiplier);
  setWord(KN, 0, NUMBER_BYTES >> 2);
  multiplyWord(KN, N, multiplier, limbs + 1);
  setField(LIMBS_KN, (bitLength(KN, limbs + 1) + 31) >> 5);
  setField(BASE_COUNT, 2);
  setField(SEGMENT_BEGIN, 1);
  setField(CURSOR, 0);
}

/** How many square roots kn has modulo the prime whose squares are marked; k and n are remainders. */
function rootsModulo(k: u32, n: u32): u32 {
  if (k == 0 || n == 0) return 1;
  return load<u8>(SQUARES + k) == load<u8>(SQUARES + n) ? 2 : 0;
}

/** Lists the multipliers that make kn 1 modulo 4, which the polynomials need, with their scores so far; where the list ends. */
function listMultipliers(): u32 {
  const n8 = load<u32>(N) & 7;
  let end = CANDIDATES;
  for (let k: u32 = 1; k <= MULTIPLIER_MAX; k += 2) {
    const kn8 = (k * n8) & 7;
    if ((kn8 & 3) != 1 || !isSquareFree(k)) continue;
    store<u32>(end, k);
    store<f64>(end, (kn8 == 1 ? 2 * Math.LN2 : 0) - 0.5 * Math.log(k), 8);
    end += CANDIDATE_BYTES;
  }
  return end;
}

/** SQUARES + r becomes 1 for each square r other than 0 modulo p, else 0. */
function markSquares(p: u32): void {
  memory.fill(SQUARES, 0, p);
  let square: u32 = 1;
  for (let x: u32 = 1; x <= p >> 1; x++) {
    store<u8>(SQUARES + square, 1);
    square += 2 * x + 1;
    if (square >= p) square -= p;
  }
}

function isSmallPrime(p: u32): bool {
  for (let q: u32 = 3; q * q <= p; q += 2) if (p % q == 0) return false;
  return true;
}

function isSquareFree(k: u32): bool {
  for (let q: u32 = 3; q * q <= k; q += 2) if (k % (q * q) == 0) return false;
  return true;
}

/**
 * Goes on with the factor base for up to `budget` primes (about 0.2 µs each). True when it is complete. The first two
 * entries stand for the sign and for 2 and are inert in the sieve, as is the padding: their prime is 0.
 */
export function siqsBuildFactorBase(budget: i32): bool {
  const size = field(BASE_SIZE);
  let count = field(BASE_COUNT);
  if (count == 2) {
    setInert(0);
    setInert(1);
  }
  let begin = field(SEGMENT_BEGIN);
  let cursor = field(CURSOR);
  const odds = min(SEGMENT_ODDS, SEGMENT_ODDS_SHARE * size);
  while (count < size && budget > 0) {
    if (cursor == 0) sieveSegment(begin, odds);
    const segment = field(SEGMENT);
    let primes: u32 = 0;
    for (; cursor < odds && primes < 4; cursor++)
      if (load<u8>(segment + cursor) != 0) store<u32>(FOUR_PRIMES + (primes++ << 2), begin + 2 * cursor);
    for (let i = primes; i < 4; i++) store<u32>(FOUR_PRIMES + (i << 2), 3);
    findFourRoots();
    budget -= 4;
    for (let i: u32 = 0; i < primes && count < size; i++) {
      const root = load<u32>(FOUR_ROOTS + (i << 2));
      if (root != NO_ROOT) setPrime(count++, load<u32>(FOUR_PRIMES + (i << 2)), root);
    }
    if (cursor == odds) {
      begin += 2 * odds;
      cursor = 0;
    }
  }
  setField(BASE_COUNT, count);
  setField(SEGMENT_BEGIN, begin);
  setField(CURSOR, cursor);
  if (count < size) return false;
  for (let i = size; i < field(BASE_PADDED); i++) setInert(i);
  return true;
}

/** Marks the primes among the odd numbers from `begin` on. Striking multiples of a few composites too costs next to nothing. */
function sieveSegment(begin: u32, odds: u32): void {
  const segment = field(SEGMENT);
  memory.fill(segment, 1, odds);
  const end = begin + 2 * odds;
  if (begin == 1) store<u8>(segment, 0);
  for (let q: u32 = 3; q * q < end; q += 2) {
    if (q > 3 && q % 3 == 0) continue;
    let multiple = q * q;
    if (multiple < begin) {
      multiple = ((begin + q - 1) / q) * q;
      if ((multiple & 1) == 0) multiple += q;
    }
    for (let i = (multiple - begin) >> 1; i < odds; i += q) store<u8>(segment + i, 0);
  }
}

function setPrime(i: u32, p: u32, root: u32): void {
  store<u32>(entry(PRIMES, i), p);
  store<u32>(entry(SQRTS, i), root);
  const inverse = oddInverse(p);
  store<u32>(entry(INVERSES, i), inverse);
  store<u16>(field(SHORT_INVERSES) + (i << 1), <u16>inverse);
  store<u16>(field(SHORT_LIMITS) + (i << 1), <u16>(<u32>0xffff / p));
  store<u32>(entry(HALF_INTERVAL, i), (field(INTERVAL) >> 1) % p);
}

function setInert(i: u32): void {
  store<u32>(entry(PRIMES, i), 0);
  store<u32>(entry(SQRTS, i), 0);
  store<u32>(entry(INVERSES, i), 1);
  store<u16>(field(SHORT_INVERSES) + (i << 1), 1);
  store<u16>(field(SHORT_LIMITS) + (i << 1), 0);
  store<u32>(entry(HALF_INTERVAL, i), 0);
}
