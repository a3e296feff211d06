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
import { jacobi, squareRootModulo } from './modular';
import { bitLength, multiplyWord, remainderWord, setWord } from '../arithmetic/natural';
import { oddInverse } from '../arithmetic/odd-inverse';

const MULTIPLIER_MAX: u32 = 73;
const SCORING_PRIME_MAX: u32 = 300;

/** Odd numbers in a piece of the sieve of Eratosthenes; the first piece is shorter, since a small base needs no more. */
const SEGMENT_ODDS: u32 = 0x8000;
const FIRST_SEGMENT_ODDS: u32 = 0x1000;

/** Chooses k and writes kn. Bounded: about 0.1 ms. */
export function siqsChooseMultiplier(): void {
  const limbs = field(LIMBS_N);
  let count: u32 = 0;
  for (let p: u32 = 3; p < SCORING_PRIME_MAX; p += 2) {
    if (!isSmallPrime(p)) continue;
    const at = SCRATCH + 16 * count;
    store<u32>(at, p);
    store<i32>(at, jacobi(remainderWord(N, p, limbs), p), 4);
    store<f64>(at, (2 * Math.log(p)) / <f64>(p - 1), 8);
    count++;
  }
  const n8 = load<u32>(N) & 7;
  let best: u32 = 1;
  let bestScore: f64 = -Infinity;
  for (let k: u32 = 1; k <= MULTIPLIER_MAX; k += 2) {
    const kn8 = (k * n8) & 7;
    if ((kn8 & 3) != 1 || !isSquareFree(k)) continue;
    let score: f64 = -0.5 * Math.log(k);
    if (kn8 == 1) score += 2 * Math.LN2;
    for (let i: u32 = 0; i < count; i++) {
      const at = SCRATCH + 16 * i;
      const p = load<u32>(at);
      const symbol = load<i32>(at, 4) * jacobi(k, p);
      if (symbol == 1) score += load<f64>(at, 8);
      else if (symbol == 0) score += 0.5 * load<f64>(at, 8);
    }
    if (score > bestScore) {
      bestScore = score;
      best = k;
    }
  }
  setField(MULTIPLIER, best);
  setWord(KN, 0, NUMBER_BYTES >> 2);
  multiplyWord(KN, N, best, limbs + 1);
  setField(LIMBS_KN, (bitLength(KN, limbs + 1) + 31) >> 5);
  setField(BASE_COUNT, 2);
  setField(SEGMENT_BEGIN, 1);
  setField(CURSOR, 0);
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
 * Goes on with the factor base for up to `budget` primes (about 0.3 µs each). True when it is complete. The first two
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
  const limbs = field(LIMBS_KN);
  while (count < size && budget > 0) {
    const odds = begin == 1 ? FIRST_SEGMENT_ODDS : SEGMENT_ODDS;
    if (cursor == 0) sieveSegment(begin, odds);
    const segment = field(SEGMENT);
    for (; cursor < odds && count < size && budget > 0; cursor++) {
      if (load<u8>(segment + cursor) == 0) continue;
      budget--;
      const p = begin + 2 * cursor;
      const residue = remainderWord(KN, p, limbs);
      if (residue != 0 && jacobi(residue, p) != 1) continue;
      setPrime(count, p, squareRootModulo(residue, p));
      count++;
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
