/**
 * Trial division of a multi-precision number by the odd primes below 2^16.
 *
 * Divisibility is tested without a division: subtract and multiply by p^-1 mod 2^32 limb by limb; the last borrow is 0 if and
 * only if p divides (Jebelean 1993, exact division).
 */
import { DIVISORS, INPUT, ODD_PRIMES, ODD_PRIMES_COUNT } from '../layout';

/** The index of the first odd prime from `first` to before `end` that divides the number of k limbs at INPUT; else -1. */
export function findOddDivisor(k: i32, first: i32, end: i32): i32 {
  const last = INPUT + ((<usize>k) << 2);
  for (let i = first; i < min(end, ODD_PRIMES_COUNT); i++) {
    const p = <u64>load<u16>(ODD_PRIMES + ((<usize>i) << 1));
    const inverse = load<u32>(DIVISORS + ((<usize>i) << 4));
    let borrow: u64 = 0;
    for (let at = INPUT; at < last; at += 4) {
      const difference = <i64>load<u32>(at) - <i64>borrow;
      borrow = ((<u64>(<u32>difference * inverse) * p) >> 32) + (difference < 0 ? 1 : 0);
    }
    if (borrow == 0) return i;
  }
  return -1;
}
