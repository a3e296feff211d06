/**
 * Trial division of words by precomputed inverses: odd p divides n if and only if n·p^-1 mod 2^64 is at most
 * floor((2^64 - 1) / p), and that product is then the quotient (Granlund & Montgomery 1994).
 */
import { DIVISORS, ODD_PRIMES } from '../layout';
import { addWork } from './work';

/**
 * Divides n by 2 and the first `count` odd primes as often as they go, but by none whose square exceeds what is left. Writes
 * the primes found, ascending and with multiplicity, as u64 at `out`, and then what is left of n; that is 1 or has no prime
 * factor among those tried. The address after it. n >= 1; at most 64 words are written.
 */
export function trialDivideWord(n: u64, count: i32, out: usize): usize {
  const twos = ctz(n);
  n >>= twos;
  for (let i: u64 = 0; i < twos; i++, out += 8) store<u64>(out, 2);
  let i: usize = 0;
  for (const end = <usize>count; i < end; i++) {
    let quotient = n * load<u64>(DIVISORS + (i << 4));
    const limit = load<u64>(DIVISORS + (i << 4), 8);
    if (quotient > limit) continue;
    const p = <u64>load<u16>(ODD_PRIMES + (i << 1));
    do {
      n = quotient;
      store<u64>(out, p);
      out += 8;
      quotient = n * load<u64>(DIVISORS + (i << 4));
    } while (quotient <= limit);
    if (p * p > n) break;
  }
  addWork(<u32>i >> 2);
  store<u64>(out, n);
  return out + 8;
}
