/**
 * Where everything lies in a kernel memory, in bytes: the same for every instance, so that any thread can attach.
 *
 *   [0, 64 KiB)         constant data that asc places there
 *   [64 KiB, 1 MiB)     the core: tables written by `init`, the I/O area, numbers of the job at hand
 *   [1 MiB, end)        the arena: the quadratic sieve or elliptic curves, never both at once
 *
 * Regions do not overlap. A *slot* holds one multi-precision number of up to 128 limbs.
 */

/** The odd primes below 2^16 as u16, ascending: 6,541 of them, then `PRIMES_MARGIN` zeros. */
export const ODD_PRIMES: usize = 0x10000;
export const ODD_PRIMES_COUNT: i32 = 6541;
/** What a group of eight primes, from any of them on, may reach over. */
export const PRIMES_MARGIN: i32 = 7;

/** Per odd prime p, u32: p^-1 mod 2^32, then `PRIMES_MARGIN` zeros. */
export const PRIME_INVERSES: usize = 0x14000;
/** Per odd prime p, u32: floor((2^32 - 1) / p). */
export const PRIME_LIMITS: usize = 0x1c000;

/** One byte for each odd number of a window of `PRIME_WINDOW_SPAN` integers, 1 where it is prime. */
export const PRIME_WINDOW: usize = 0x30000;
export const PRIME_WINDOW_SPAN: u32 = 0x20000;
/** The even number at which the window starts, u32. */
export const PRIME_WINDOW_START: usize = 0x2fff0;

/** What words have cost (`word/work.ts`), u32. */
export const WORK: usize = 0x2ffe0;

/** Numbers in and out of the kernel. */
export const INPUT: usize = 0x40000;
export const INPUT_BYTES: usize = 0x10000;
export const OUTPUT: usize = 0x50000;
export const OUTPUT_BYTES: usize = 0x20000;

/** Scratch of single functions: nothing in it outlives a call from JavaScript. */
export const SCRATCH: usize = 0x70000;
export const SLOT_BYTES: usize = 512;
export const LIMBS_MAX: i32 = 112;

/** The modulus of the job at hand with its Montgomery constants (`arithmetic/modulus.ts`). */
export const MODULUS: usize = 0x80000;
/** Numbers and counters of the probable-prime test at hand. */
export const PRIMALITY: usize = 0x84000;
/** Scalars and masks of the elliptic-curve method on words. */
export const MICRO_ECM: usize = 0x90000;

export const ARENA: usize = 0x100000;
