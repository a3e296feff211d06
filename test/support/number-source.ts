/** Numbers whose factors are known because they were made from them. The same seed gives the same numbers. */
import assert from 'node:assert/strict';

export interface Composite {
  readonly number: bigint;
  /** Ascending, with multiplicity. */
  readonly primes: readonly bigint[];
}

export class NumberSource {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  /** A whole number in [0, below). SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), word by word. */
  below(below: bigint): bigint {
    let value = 0n;
    for (let range = 1n; range < below << 32n; range <<= 64n) value = (value << 64n) | this.#word();
    return value % below;
  }

  integer(from: number, to: number): number {
    return from + Number(this.below(BigInt(to - from + 1)));
  }

  /** A prime of exactly `digits` decimal digits. */
  prime(digits: number): bigint {
    const least = 10n ** BigInt(digits - 1);
    for (;;) {
      const candidate = least + this.below(9n * least);
      if (isProbablePrime(candidate)) return candidate;
    }
  }

  /** A product of two primes of about equal size, of exactly `digits` digits (at least 4): the hard case. */
  semiprime(digits: number): Composite {
    assert(digits >= 4, `A semiprime has at least 4 digits: ${digits}`);
    const least = 10n ** BigInt(digits - 1);
    for (;;) {
      const p = this.prime(Math.ceil(digits / 2));
      const q = this.prime(Math.floor(digits / 2));
      if (p * q >= least) return composite([p, q]);
    }
  }

  semiprimes(count: number, digits: number): Composite[] {
    return Array.from({ length: count }, () => this.semiprime(digits));
  }

  #word(): bigint {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & WORD;
    let z = this.#state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & WORD;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & WORD;
    return z ^ (z >> 31n);
  }
}

const WORD = (1n << 64n) - 1n;

export function composite(primes: readonly bigint[]): Composite {
  return { number: primes.reduce((a, b) => a * b, 1n), primes: primes.toSorted((a, b) => (a < b ? -1 : 1)) };
}

/** Miller–Rabin to the first 13 prime bases: no composite below 3.3·10^24 passes (Sorenson, Webster 2015), and no random one in practice. */
function isProbablePrime(n: bigint): boolean {
  const bases = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n];
  if (n < 2n) return false;
  for (const base of bases) if (n % base === 0n) return n === base;
  let odd = n - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos++;
  return bases.every((base) => {
    let x = power(base, odd, n);
    if (x === 1n || x === n - 1n) return true;
    for (let i = 1; i < twos; i++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base; exponent > 0n; exponent >>= 1n, square = (square * square) % modulus)
    if (exponent & 1n) result = (result * square) % modulus;
  return result;
}
