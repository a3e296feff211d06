/** Integer roots and perfect powers of integers of any size, by Newton's iteration on bigint. */
import { bitLength } from './bit-length.ts';

/** floor(n^(1/k)) for n >= 0, k >= 1. */
export function integerRoot(n: bigint, k: number): bigint {
  if (n < 2n) return n;
  const degree = BigInt(k);
  // From above the root the iteration falls until it is there; the start is good to about 50 bits.
  const excess = Math.max(0, Math.ceil((bitLength(n) - 1000) / k) * k);
  const leading = Number(n >> BigInt(excess)) ** (1 / k);
  const scaled = BigInt(Math.ceil(leading * (1 + 2 ** -40))) + 1n;
  let x = scaled << BigInt(excess / k);
  for (;;) {
    const next = ((degree - 1n) * x + n / x ** (degree - 1n)) / degree;
    if (next >= x) return x;
    x = next;
  }
}

/**
 * `base` and the largest `exponent` >= 2 with base^exponent = n, or undefined. 2 <= n < 2^4000 has no prime factor below
 * `factorMin`, at least 2, which bounds the exponents to try.
 */
export function perfectPower(n: bigint, factorMin: number): { base: bigint; exponent: number } | undefined {
  let base = n;
  let exponent = 1;
  // A composite exponent shows as several prime ones, one after the other.
  for (const k of PRIME_EXPONENTS) {
    if (k > bitLength(base) / Math.log2(factorMin)) break;
    for (let root = rootIfExact(base, k); root !== undefined; root = rootIfExact(base, k)) {
      base = root;
      exponent *= k;
    }
  }
  return exponent > 1 ? { base, exponent } : undefined;
}

const EXPONENT_MAX = 4_000;
const PRIME_EXPONENTS = Array.from({ length: EXPONENT_MAX - 1 }, (_, i) => i + 2).filter((k) => {
  for (let d = 2; d * d <= k; d++) if (k % d === 0) return false;
  return true;
});

function rootIfExact(n: bigint, k: number): bigint | undefined {
  if (k === 2 ? !mayBeSquare(n) : !mayBePower(n, k)) return undefined;
  const root = integerRoot(n, k);
  return root > 1n && root ** BigInt(k) === n ? root : undefined;
}

/** By more than this share no power differs from that of its root in double precision. */
const ROUNDING = 2 ** -36;

/** Turns away nearly all numbers that are no k-th powers, if their roots are integers that a double holds. */
function mayBePower(n: bigint, k: number): boolean {
  const approximation = Number(n);
  if (approximation === Infinity) return true;
  const root = Math.round(approximation ** (1 / k));
  return Math.abs(root ** k - approximation) <= ROUNDING * approximation;
}

/** Whether n >= 0 is a square. */
export function isSquare(n: bigint): boolean {
  return mayBeSquare(n) && integerRoot(n, 2) ** 2n === n;
}

const SQUARES_OF = [64, 63, 65, 11].map((modulus) => ({
  modulus,
  squares: new Set(Array.from({ length: modulus }, (_, i) => (i * i) % modulus)),
}));
const FILTER_MODULUS = BigInt(SQUARES_OF.reduce((product, { modulus }) => product * modulus, 1));

/** Turns away 99 % of non-squares without a root (Cohen 1993, algorithm 1.7.3). */
function mayBeSquare(n: bigint): boolean {
  const rest = Number(n % FILTER_MODULUS);
  return SQUARES_OF.every(({ modulus, squares }) => squares.has(rest % modulus));
}
