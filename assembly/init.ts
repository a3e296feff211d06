/** Writes the tables of the core, whatever the memory held before. About 0.1 ms. */
import {
  ODD_PRIMES,
  ODD_PRIMES_COUNT,
  PRIME_INVERSES,
  PRIME_LIMITS,
  PRIME_WINDOW,
  PRIMES_MARGIN,
} from './layout';
import { resetPrimeWindow } from './arithmetic/prime-window';
import { initMicroEcm } from './word/micro-ecm-level';
import { inverseWord } from './word/montgomery-word';

/** To be called once for each memory before anything else; again when a memory is used for another job. */
export function init(): void {
  writeOddPrimes();
  resetPrimeWindow();
  initMicroEcm();
  for (let i: usize = 0; i < <usize>ODD_PRIMES_COUNT; i++) {
    const p = <u32>load<u16>(ODD_PRIMES + 2 * i);
    store<u32>(PRIME_INVERSES + 4 * i, <u32>inverseWord(p));
    store<u32>(PRIME_LIMITS + 4 * i, u32.MAX_VALUE / p);
  }
  memory.fill(PRIME_INVERSES + 4 * <usize>ODD_PRIMES_COUNT, 0, 4 * <usize>PRIMES_MARGIN);
}

/** The sieve of Eratosthenes over the odd numbers below 2^16, one byte each, in the prime window's place. */
function writeOddPrimes(): void {
  memory.fill(PRIME_WINDOW, 1, 0x8000);
  let out = ODD_PRIMES;
  for (let p: usize = 3; p < 0x10000; p += 2) {
    if (load<u8>(PRIME_WINDOW + (p >> 1)) == 0) continue;
    store<u16>(out, <u16>p);
    out += 2;
    for (let multiple = p * p; multiple < 0x10000; multiple += 2 * p)
      store<u8>(PRIME_WINDOW + (multiple >> 1), 0);
  }
  memory.fill(out, 0, 2 * <usize>PRIMES_MARGIN);
}
