/**
 * Trial division of words by eight primes at a time.
 *
 * Divisibility is told without a division: the lower half of n times p^-1 mod 2^32 is the lower half of n / p, if p divides n; what that
 * half times p carries is taken from the upper half, which then gives the upper half of n / p likewise, and that is at most
 * floor((2^32 - 1) / p) (exact division, Jebelean 1993).
 */
import { ODD_PRIMES, PRIME_INVERSES, PRIME_LIMITS } from '../layout';
import { addWork } from './work';

/**
 * Divides n by 2 and the first `count` odd primes, a multiple of 8, as often as they go, but by none of a group of eight whose least has
 * a square that exceeds what is left. Writes the primes found, ascending and with multiplicity, as u64 at `out`, and then what is left of n; that is 1
 * or has no prime factor among those tried. The address after it. n >= 1; at most 64 words are written.
 */
export function trialDivideWord(n: u64, count: i32, out: usize): usize {
  const twos = ctz(n);
  n >>= twos;
  for (let i: u64 = 0; i < twos; i++, out += 8) store<u64>(out, 2);
  let i: usize = 0;
  for (const end = <usize>count; i < end; i += 8) {
    const least = <u64>load<u16>(ODD_PRIMES + (i << 1));
    if (least * least > n) break;
    const low = i32x4.splat(<i32>n);
    const high = i32x4.splat(<i32>(n >> 32));
    let hits = dividing(i, low, high) | (dividing(i + 4, low, high) << 4);
    for (; hits != 0; hits &= hits - 1) {
      const p = <u64>load<u16>(ODD_PRIMES + ((i + <usize>ctz(hits)) << 1));
      for (let quotient = n / p; quotient * p == n; quotient = n / p, out += 8) {
        n = quotient;
        store<u64>(out, p);
      }
    }
  }
  addWork(<u32>i >> 4);
  store<u64>(out, n);
  return out + 8;
}

/** Which of the four odd primes from index i on may divide the number of two halves: all that do, and by chance a few others. @inline */
function dividing(i: usize, low: v128, high: v128): i32 {
  const p = v128.load16x4_u(ODD_PRIMES + (i << 1));
  const inverse = v128.load(PRIME_INVERSES + (i << 2));
  const lower = i32x4.mul(low, inverse);
  const even = i64x2.extmul_low_i32x4_u(lower, p);
  const odd = i64x2.extmul_high_i32x4_u(lower, p);
  // Where the carry exceeds the upper half this wraps around, and may pass by chance.
  const upper = i32x4.mul(i32x4.sub(high, v128.shuffle<u32>(even, odd, 1, 3, 5, 7)), inverse);
  return i32x4.bitmask(i32x4.le_u(upper, v128.load(PRIME_LIMITS + (i << 2))));
}
