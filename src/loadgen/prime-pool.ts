/**
 * Primes of a number of decimal digits, drawn from a seed: many and quickly. All are in the upper part of their range, so that the
 * product of two has the digits of both.
 */
import type { Kernel } from '../kernel/kernel.ts';
import { powMod } from '../kernel/bigint-reference.ts';
import { isPrime } from './is-prime.ts';
import { randomAt } from './seeded-random.ts';

/** Up to so many digits primes are sieved: the squares of `SMALL_PRIMES_END` reach further than those. */
const SIEVED_DIGITS_MAX = 9;
const SMALL_PRIMES_END = 32_000;
/** Integers that are sieved at a time, and how often where the range is larger. */
const WINDOW = 65_536;
const WINDOWS = 48;
/** How many primes of more digits are made: what takes a second at most, and is enough for what can be factored of them. */
const COUNTS: readonly { readonly digitsMax: number; readonly count: number }[] = [
  { digitsMax: 25, count: 512 },
  { digitsMax: 50, count: 128 },
  { digitsMax: 100, count: 16 },
];
export const PRIME_DIGITS_MAX = 100;

/** Distinct primes of exactly `digits` (1 to `PRIME_DIGITS_MAX`) digits, at least √10 · 10^(digits − 1), in an order drawn from the seed. */
export function primePool(digits: number, seed: number, kernel: Kernel): bigint[] {
  const primes =
    digits <= SIEVED_DIGITS_MAX ? sievedPrimes(digits, seed) : testedPrimes(digits, seed, kernel);
  // Fisher–Yates.
  for (let i = primes.length - 1; i > 0; i--) {
    const j = Math.floor(randomAt(seed, i) * (i + 1));
    [primes[i], primes[j]] = [primes[j]!, primes[i]!];
  }
  return primes;
}

function sievedPrimes(digits: number, seed: number): bigint[] {
  const end = 10 ** digits;
  const start = Math.ceil(Math.sqrt(10) * (end / 10));
  const strata = Math.min(WINDOWS, Math.ceil((end - start) / WINDOW));
  const stratum = (end - start) / strata;
  const primes: bigint[] = [];
  for (let i = 0; i < strata; i++) {
    // One window somewhere in each of as many equal parts of the range, or all of the part.
    const room = Math.max(0, stratum - WINDOW);
    const from = Math.ceil(start + i * stratum + Math.floor(randomAt(seed, i) * room));
    const to = Math.min(from + WINDOW, Math.ceil(start + (i + 1) * stratum), end);
    for (const prime of primesBetween(from, to)) primes.push(BigInt(prime));
  }
  return primes;
}

/** The primes in [from, to), by the sieve of Eratosthenes. `to` is at most `SMALL_PRIMES_END`². */
function primesBetween(from: number, to: number): number[] {
  const isComposite = new Uint8Array(to - from);
  for (const p of SMALL_PRIMES) {
    if (p * p >= to) break;
    for (let multiple = Math.max(p * p, Math.ceil(from / p) * p); multiple < to; multiple += p)
      isComposite[multiple - from] = 1;
  }
  const primes: number[] = [];
  for (let n = Math.max(2, from); n < to; n++) if (isComposite[n - from] === 0) primes.push(n);
  return primes;
}

const SMALL_PRIMES = smallPrimes();

function smallPrimes(): number[] {
  const isComposite = new Uint8Array(SMALL_PRIMES_END);
  const primes: number[] = [];
  for (let n = 2; n < SMALL_PRIMES_END; n++) {
    if (isComposite[n] === 1) continue;
    primes.push(n);
    for (let multiple = n * n; multiple < SMALL_PRIMES_END; multiple += n) isComposite[multiple] = 1;
  }
  return primes;
}

function testedPrimes(digits: number, seed: number, kernel: Kernel): bigint[] {
  const count = COUNTS.find(({ digitsMax }) => digits <= digitsMax)?.count ?? 0;
  const primes = new Set<bigint>();
  for (let drawn = 0; primes.size < count; drawn++) {
    const prime = nextPrime(upperInteger(digits, seed, drawn), kernel);
    if (String(prime).length === digits) primes.add(prime);
  }
  return [...primes];
}

/** An integer of that many digits, at least √10 · 10^(digits − 1), drawn from the seed. */
function upperInteger(digits: number, seed: number, index: number): bigint {
  const end = 10n ** BigInt(digits);
  let value = 0n;
  for (let i = 0, bits = 0; bits < 4 * digits; i++, bits += 32)
    value = (value << 32n) | BigInt(Math.floor(randomAt(seed ^ (i + 1), index) * 2 ** 32));
  // √10 = 3.1622…; a little more.
  const start = (end * 31_623n) / 100_000n;
  return start + (value % (end - start));
}

/** The least prime >= n (n beyond `SMALL_PRIMES_END`). A window is sieved by small primes, and what is left passes Fermat's test before the kernel's. */
function nextPrime(n: bigint, kernel: Kernel): bigint {
  // The longer the number, the more a test costs that the sieve saves.
  const sievedUpTo = 100 * String(n).length;
  for (let from = n; ; from += BigInt(SEARCH_WINDOW)) {
    const isComposite = new Uint8Array(SEARCH_WINDOW);
    for (const p of SMALL_PRIMES) {
      if (p > sievedUpTo) break;
      const past = Number(from % BigInt(p));
      for (let offset = past === 0 ? 0 : p - past; offset < SEARCH_WINDOW; offset += p)
        isComposite[offset] = 1;
    }
    for (let offset = 0; offset < SEARCH_WINDOW; offset++) {
      if (isComposite[offset] === 1) continue;
      const candidate = from + BigInt(offset);
      if (powMod(2n, candidate - 1n, candidate) === 1n && isPrime(kernel, candidate)) return candidate;
    }
  }
}

const SEARCH_WINDOW = 4_096;
