/**
 * Trial division of a multi-precision number by the odd primes below 2^16, eight at a time.
 *
 * Divisibility is tested without a division: subtract and multiply by p^-1 mod 2^32 limb by limb; the last borrow is 0 if and
 * only if p divides (Jebelean 1993, exact division).
 */
import { INPUT, ODD_PRIMES, ODD_PRIMES_COUNT, PRIME_INVERSES } from '../layout';

/** The index of the first odd prime from `first` to before `end` that divides the number of k limbs at INPUT; else -1. */
export function findOddDivisor(k: i32, first: i32, end: i32): i32 {
  const last = INPUT + ((<usize>k) << 2);
  const stop = min(end, ODD_PRIMES_COUNT);
  const zero = i32x4.splat(0);
  for (let i = first; i < stop; i += 8) {
    const p = v128.load16x4_u(ODD_PRIMES + ((<usize>i) << 1));
    const q = v128.load16x4_u(ODD_PRIMES + ((<usize>i) << 1), 8);
    const inverseP = v128.load(PRIME_INVERSES + ((<usize>i) << 2));
    const inverseQ = v128.load(PRIME_INVERSES + ((<usize>i) << 2), 16);
    let borrowP = zero;
    let borrowQ = zero;
    for (let at = INPUT; at < last; at += 4) {
      const limb = v128.load32_splat(at);
      borrowP = nextBorrow(limb, borrowP, p, inverseP);
      borrowQ = nextBorrow(limb, borrowQ, q, inverseQ);
    }
    const hits = i32x4.bitmask(i32x4.eq(borrowP, zero)) | (i32x4.bitmask(i32x4.eq(borrowQ, zero)) << 4);
    if (hits == 0) continue;
    const index = i + <i32>ctz(hits);
    return index < stop ? index : -1; // The lanes behind may stand for no prime.
  }
  return -1;
}

/** What division of a limb less the borrow takes from the next limb. @inline */
function nextBorrow(limb: v128, borrow: v128, p: v128, inverse: v128): v128 {
  const quotient = i32x4.mul(i32x4.sub(limb, borrow), inverse);
  const lower = i64x2.extmul_low_i32x4_u(quotient, p);
  const upper = i64x2.extmul_high_i32x4_u(quotient, p);
  // Where the limb is less than the borrow, the comparison is -1.
  return i32x4.sub(v128.shuffle<u32>(lower, upper, 1, 3, 5, 7), i32x4.lt_u(limb, borrow));
}
