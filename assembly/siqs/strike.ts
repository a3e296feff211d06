/** What a prime does to a byte of the sieve: it takes its logarithm off. */

/** @inline */
export function strike(at: u32, log: u8): void {
  store<u8>(at, load<u8>(at) - log);
}
