/**
 * Which numbers of a window of `PRIME_WINDOW_SPAN` integers are prime: a segmented sieve of Eratosthenes over odd numbers.
 *
 * The window stays in memory, so that asking for the same stretch again costs nothing; the first one serves most curves.
 */
import { ODD_PRIMES, ODD_PRIMES_COUNT, PRIME_WINDOW, PRIME_WINDOW_SPAN, PRIME_WINDOW_START } from '../layout';

const NO_WINDOW: u32 = 0xffffffff;

/** Forgets the window; part of `init`. */
export function resetPrimeWindow(): void {
  store<u32>(PRIME_WINDOW_START, NO_WINDOW);
}

/** Makes the window cover [low, high], for high - low + 2 <= PRIME_WINDOW_SPAN and high < 2^32 - 2^18. About 0.2 ms if it has to move. */
export function coverPrimeWindow(low: u32, high: u32): void {
  const start = load<u32>(PRIME_WINDOW_START);
  if (start != NO_WINDOW && low >= start && high < start + PRIME_WINDOW_SPAN) return;
  sieveFrom(high < PRIME_WINDOW_SPAN ? 0 : low & ~1);
}

/** Whether odd n, which lies in the window, is prime. @inline */
export function isPrimeInWindow(n: u32): bool {
  return load<u8>(PRIME_WINDOW + <usize>((n - load<u32>(PRIME_WINDOW_START)) >> 1)) != 0;
}

function sieveFrom(start: u32): void {
  const length: u32 = PRIME_WINDOW_SPAN >> 1;
  memory.fill(PRIME_WINDOW, 1, length);
  if (start == 0) store<u8>(PRIME_WINDOW, 0); // 1 is not prime.
  for (let i: usize = 0; i < <usize>ODD_PRIMES_COUNT; i++) {
    const p = <u32>load<u16>(ODD_PRIMES + (i << 1));
    if (p * p >= start + PRIME_WINDOW_SPAN) break;
    // The least odd multiple from max(p², start) on.
    let multiple = p * p;
    if (multiple < start) {
      multiple = start + ((p - (start % p)) % p);
      if ((multiple & 1) == 0) multiple += p;
    }
    for (let at = (multiple - start) >> 1; at < length; at += p) store<u8>(PRIME_WINDOW + <usize>at, 0);
  }
  store<u32>(PRIME_WINDOW_START, start);
}
