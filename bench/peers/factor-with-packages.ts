/**
 * The factoring of the BullMQ peers: what one gets from npm, put together with care.
 *
 * `quadraticsievefactorization` asks its user for trial division, primality tests and perfect powers first. Decided for speed:
 *   - Trial division takes a dozen primes with one long division: by their product, which a double holds exactly.
 *   - Below 2^64 the package's own WebAssembly does Pollard's rho and a first primality test; a number of 18 digits never
 *     comes to the sieve. (Bigints alone took several times as long.)
 *   - Above, a short rho takes out factors of up to about seven digits, on which the sieve would spend as long as on hard ones.
 * Pure.
 */
import PollardsRho64 from 'quadraticsievefactorization/libs/PollardsRho64.js';
import isPrimeByBases from 'quadraticsievefactorization/libs/isPrime.js';
import isProbablyPrime64 from 'quadraticsievefactorization/libs/isProbablyPrime64.js';
import { powMod } from '../../src/kernel/bigint-reference.ts';
import { loadQuadraticSieve } from './quadratic-sieve.ts';

const TRIAL_BOUND = 1024;
/** What has no prime factor below the bound and is below its square is prime. */
const PRIME_BELOW = BigInt(TRIAL_BOUND ** 2);
const WORD_END = 2n ** 64n;
/** More than a cycle modulo the smaller prime of any number below 2^64 ever takes. */
const WORD_STEPS_MAX = 2 ** 24;
/** About √(10^7). */
const RHO_STEPS = 4_096;
const RHO_STEPS_PER_GCD = 128;
/** Proof below 2^64, together with base 2, which comes first (Sinclair 2011). */
const WORD_BASES = [325n, 9_375n, 28_178n, 450_775n, 9_780_504n, 1_795_265_022n];

const sieve = await loadQuadraticSieve();

/** The prime factors of `n`, which is at least 1, ascending, each as often as it divides. Throws if the sieve is not installed. */
export function factorWithPackages(n: bigint): bigint[] {
  const primes: bigint[] = [];
  const rest = divideBySmallPrimes(n, primes);
  const parts = rest === 1n ? [] : [rest];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (isPrime(part)) primes.push(part);
    else {
      const divisor = properDivisor(part);
      parts.push(divisor, part / divisor);
    }
  }
  return primes.toSorted((a, b) => (a < b ? -1 : Number(a > b)));
}

interface Group {
  readonly product: bigint;
  readonly primes: readonly number[];
}

/** The primes below the bound in groups whose products a double holds. */
const GROUPS: readonly Group[] = groupPrimes();

function groupPrimes(): Group[] {
  const groups: Group[] = [];
  let primes: number[] = [];
  let product = 1;
  for (let p = 2; p < TRIAL_BOUND; p++) {
    if (!isPrimeByBases(BigInt(p))) continue;
    if (product * p > Number.MAX_SAFE_INTEGER) {
      groups.push({ product: BigInt(product), primes });
      [primes, product] = [[], 1];
    }
    primes.push(p);
    product *= p;
  }
  return [...groups, { product: BigInt(product), primes }];
}

/** What is left of `n` without its small primes, which are added to `found`. */
function divideBySmallPrimes(n: bigint, found: bigint[]): bigint {
  let rest = n;
  for (const { product, primes } of GROUPS) {
    const residue = Number(rest % product);
    for (const p of primes) {
      if (residue % p !== 0) continue;
      const prime = BigInt(p);
      for (; rest % prime === 0n; rest /= prime) found.push(prime);
    }
  }
  return rest;
}

/** Of a number without small prime factors. Proven below 2^64, and above as far as the package goes. */
function isPrime(n: bigint): boolean {
  if (n < PRIME_BELOW) return true;
  if (n >= WORD_END) return isPrimeByBases(n);
  return isProbablyPrime64(n) !== 0 && WORD_BASES.every((base) => isStrongProbablePrime(n, base % n));
}

function isStrongProbablePrime(n: bigint, base: bigint): boolean {
  if (base === 0n) return true;
  let odd = n - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos++;
  let x = powMod(base, odd, n);
  for (let i = 0; i < twos; i++) {
    if (x === n - 1n || (i === 0 && x === 1n)) return true;
    x = (x * x) % n;
  }
  return false;
}

/** A divisor of a composite without small prime factors, other than 1 and itself. */
function properDivisor(n: bigint): bigint {
  const root = exactRoot(n);
  if (root !== undefined) return root;
  if (n < WORD_END) {
    const divisor = BigInt.asUintN(64, PollardsRho64(n, WORD_STEPS_MAX));
    if (divisor > 1n && divisor < n) return divisor;
  }
  const divisor = shortRho(n);
  if (divisor !== undefined) return divisor;
  if (sieve === undefined) throw new Error('The package quadraticsievefactorization is not installed');
  return sieve(n);
}

/** The root, if `n` is a perfect power; its prime factors are all above the bound of the trial division. */
function exactRoot(n: bigint): bigint | undefined {
  const exponentMax = Math.floor(n.toString(2).length / Math.log2(TRIAL_BOUND));
  for (let k = 2; k <= exponentMax; k++) {
    const root = floorRoot(n, BigInt(k));
    if (root ** BigInt(k) === n) return root;
  }
  return undefined;
}

/** ⌊n^(1/k)⌋ by Newton's method from above. */
function floorRoot(n: bigint, k: bigint): bigint {
  let x = 1n << (BigInt(n.toString(2).length) / k + 1n);
  for (;;) {
    const next = ((k - 1n) * x + n / x ** (k - 1n)) / k;
    if (next >= x) return x;
    x = next;
  }
}

/** Pollard's rho with Brent's cycle search, given up after `RHO_STEPS`. */
function shortRho(n: bigint): bigint | undefined {
  let tortoise = 2n;
  let hare = 2n;
  let product = 1n;
  for (let step = 1; step <= RHO_STEPS; step++) {
    hare = (hare * hare + 1n) % n;
    const distance = hare > tortoise ? hare - tortoise : tortoise - hare;
    if (distance !== 0n) product = (product * distance) % n;
    if (step % RHO_STEPS_PER_GCD === 0) {
      const divisor = gcd(product, n);
      if (divisor === n) return undefined;
      if (divisor !== 1n) return divisor;
    }
    if ((step & (step - 1)) === 0) tortoise = hare;
  }
  return undefined;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
