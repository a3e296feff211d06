/** Which composites the quadratic sieve takes, and the memories for jobs that may come to it. */
import { PAGE_BYTES } from './page-bytes.ts';
import { SIQS_BITS_MAX, siqsMemoryPages } from './siqs.ts';

/** Curves may split a number beyond the range into composites within it: at first it gets the memory for one of 70 digits, not for the largest. */
const COFACTOR_BITS_MAX = 232;

/** Pages of 64 KiB for a job whose number, without small primes, has that many bits. Stage 2 of ECM needs less than any sieve. */
export function jobMemoryPages(bits: number): number {
  return pagesToSieve(bits) ?? siqsMemoryPages(COFACTOR_BITS_MAX);
}

/** Pages of 64 KiB in which a composite of that many bits can be sieved; undefined beyond the sieve's range. */
export function pagesToSieve(bits: number): number | undefined {
  return bits <= SIQS_BITS_MAX ? siqsMemoryPages(bits) : undefined;
}

/** Whether a composite of that many bits can be sieved in a memory of `memoryBytes`. */
export function isInSieveRange(bits: number, memoryBytes: number): boolean {
  const pages = pagesToSieve(bits);
  return pages !== undefined && pages * PAGE_BYTES <= memoryBytes;
}
