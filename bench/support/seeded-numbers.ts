/** Numbers to factor, the same for the same seed. Pure. */
import { nextPrime } from '../../src/kernel/bigint-reference.ts';
import { seededRandom } from '../../src/loadgen/seeded-random.ts';

const LOW_END = 1_000_000_000;
/** Prime to `LOW_END`, so that its multiples run through all remainders. */
const STRIDE = 7_654_321;

/** Random integers of 18 digits as decimal text; the first 10^9 are distinct, since their lower halves are. */
export function distinctWords(seed: number): () => string {
  const random = seededRandom(seed);
  let low = Math.floor(random() * LOW_END);
  return () => {
    const high = 100_000_000 + Math.floor(random() * 900_000_000);
    low = (low + STRIDE) % LOW_END;
    return String(high) + String(low).padStart(9, '0');
  };
}

/** A random integer of exactly `digits` decimal digits. */
export function randomInteger(digits: number, random: () => number): bigint {
  let text = String(1 + Math.floor(random() * 9));
  while (text.length < digits) text += Math.floor(random() * 10);
  return BigInt(text);
}

/** The product of two random primes of about half the digits each, of exactly `digits` (at least 4) digits. */
export function balancedSemiprime(digits: number, random: () => number): bigint {
  const half = Math.floor(digits / 2);
  return upperPrime(half, random) * upperPrime(digits - half, random);
}

/** `count` distinct semiprimes of exactly `digits` digits as decimal text, quickly: all products of few primes. */
export function* manySemiprimes(count: number, digits: number, random: () => number): Generator<string> {
  const half = Math.floor(digits / 2);
  const sideLength = Math.ceil(Math.sqrt(count));
  const short = distinctPrimes(sideLength, half, random);
  // No prime is on both sides, so all products are distinct.
  const long = distinctPrimes(sideLength, digits - half, random, short);
  let made = 0;
  for (const p of short) {
    for (const q of long) {
      if (made++ === count) return;
      yield String(p * q);
    }
  }
}

function distinctPrimes(
  count: number,
  digits: number,
  random: () => number,
  apartFrom?: ReadonlySet<bigint>,
): Set<bigint> {
  const primes = new Set<bigint>();
  while (primes.size < count) {
    const prime = upperPrime(digits, random);
    if (!apartFrom?.has(prime)) primes.add(prime);
  }
  return primes;
}

/** A prime of `digits` digits, at least √10 · 10^(digits − 1): the product of two such has the digits of both. */
function upperPrime(digits: number, random: () => number): bigint {
  for (;;) {
    const start = randomInteger(digits, random);
    if (start * start < 10n ** BigInt(2 * digits - 1)) continue;
    const prime = nextPrime(start);
    if (String(prime).length === digits) return prime;
  }
}
