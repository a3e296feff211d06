/**
 * Jacobi sums of characters of prime-power order modulo small primes, by counting (Cohen 1993, 9.1.5).
 *
 * For a prime q and a primitive root g the character χ of order m takes g^x to ζ^x. An element of Z[ζ] is its coefficients at 1,
 * ζ, …, ζ^(φ(m) - 1). All that is computed here are integers below q² in absolute value, exact for q < 2^26.
 */
import { powerModulo } from './modular-integers.ts';

/** At x, from 1 to q - 2, the f for which g^f = 1 - g^x. */
type PartnerLogs = Int32Array;

/** Coefficients of j(χ^a, χ^b) = Σ χ(u)^a·χ(1 - u)^b, for χ of order m = prime^k modulo q with m | q - 1. */
export function jacobiSum(q: number, prime: number, order: number, a: number, b: number): number[] {
  const pairs = pairCounts(q, order);
  const counts = Array.from({ length: order }, () => 0);
  for (let i = 0; i < order; i++)
    for (let k = 0; k < order; k++) counts[(a * i + b * k) % order]! += pairs[i * order + k]!;
  return foldCoefficients(counts, prime);
}

/** The product of two elements of Z[ζ] of the order. */
export function multiplyElements(
  a: readonly number[],
  b: readonly number[],
  prime: number,
  order: number,
): number[] {
  const counts = Array.from({ length: order }, () => 0);
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) counts[(i + j) % order]! += x * y;
  return foldCoefficients(counts, prime);
}

/** The h for which the element is ζ^h modulo n, its coefficients in [0, n); undefined if there is none. */
export function rootExponent(
  element: readonly bigint[],
  prime: number,
  order: number,
  n: bigint,
): number | undefined {
  const first = element.findIndex((c) => c !== 0n);
  if (first === -1) return undefined;
  // A root is 1 at one place or, from ζ^φ on, -1 at every (m / prime)-th.
  const h = element[first] === 1n ? first : element.length + first;
  if (h >= order) return undefined;
  const root = foldCoefficients(
    Array.from({ length: order }, (_, i) => (i === h ? 1 : 0)),
    prime,
  );
  const isRoot = root.every((c, i) => element[i] === (c < 0 ? n - 1n : BigInt(c)));
  return isRoot ? h : undefined;
}

/** Coefficients at 1 to ζ^(m - 1) brought below ζ^φ(m), by Σ ζ^(j·m/p) = 0 over j from 0 to p - 1. */
function foldCoefficients(counts: readonly number[], prime: number): number[] {
  const step = counts.length / prime;
  const degree = counts.length - step;
  return counts.slice(0, degree).map((c, i) => c - counts[degree + (i % step)]!);
}

/** The sums of one character are asked for one after the other, so what they are counted from is kept. */
let lastPairs: { readonly q: number; readonly order: number; readonly counts: Int32Array } | undefined;

/** At i·m + k, for m = order: of how many u, from 2 to q - 1, the exponent is i modulo m, and that of 1 - u is k. */
function pairCounts(q: number, order: number): Int32Array {
  if (lastPairs?.q === q && lastPairs.order === order) return lastPairs.counts;
  const partners = partnerLogs(q);
  const counts = new Int32Array(order * order);
  for (let x = 1, row = order; x <= q - 2; x++, row += order) {
    if (row === counts.length) row = 0;
    counts[row + (partners[x]! % order)]!++;
  }
  lastPairs = { q, order, counts };
  return counts;
}

/** Characters of one modulus come one after the other, too. */
let lastLogs: { readonly q: number; readonly partners: PartnerLogs } | undefined;

function partnerLogs(q: number): PartnerLogs {
  if (lastLogs?.q === q) return lastLogs.partners;
  const g = primitiveRoot(q);
  const logs = new Int32Array(q);
  const powers = new Int32Array(q);
  for (let x = 0, power = 1; x < q - 1; x++, power = (power * g) % q) {
    logs[power] = x;
    powers[x] = power;
  }
  const partners = new Int32Array(q);
  for (let x = 1; x <= q - 2; x++) partners[x] = logs[q + 1 - powers[x]!]!;
  lastLogs = { q, partners };
  return partners;
}

/** The least primitive root of a prime. */
function primitiveRoot(q: number): number {
  const exponents = primeDivisors(q - 1).map((p) => BigInt((q - 1) / p));
  for (let g = 1; g < q; g++)
    if (exponents.every((e) => powerModulo(BigInt(g), e, BigInt(q)) !== 1n)) return g;
  throw new RangeError(`Cannot find a primitive root of ${q}: it must be prime`);
}

/** The primes that divide n >= 1, ascending, by trial division: for small numbers. */
export function primeDivisors(n: number): number[] {
  const primes: number[] = [];
  let rest = n;
  for (let d = 2; d * d <= rest; d++) {
    if (rest % d !== 0) continue;
    primes.push(d);
    while (rest % d === 0) rest /= d;
  }
  if (rest > 1) primes.push(rest);
  return primes;
}
