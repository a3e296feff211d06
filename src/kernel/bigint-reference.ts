/** The kernel's twin for tests: the same questions answered slowly, by bigint and textbook algorithms only. */

const WITNESSES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];

export function powMod(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Miller–Rabin to the first twelve prime bases: a proof below 3.1·10^23 (Sorenson & Webster 2015). */
export function isPrime(n: bigint): boolean {
  if (n < 2n) return false;
  for (const p of WITNESSES) if (n % p === 0n) return n === p;
  let d = n - 1n;
  let s = 0;
  for (; d % 2n === 0n; d /= 2n) s++;
  return WITNESSES.every((a) => {
    let x = powMod(a, d, n);
    if (x === 1n || x === n - 1n) return true;
    for (let r = 1; r < s; r++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

/** The least prime >= n. */
export function nextPrime(n: bigint): bigint {
  let p = n;
  while (!isPrime(p)) p++;
  return p;
}

/** Prime factors with multiplicity, ascending, by trial division: for n up to about 10^10. */
export function primeFactorsByDivision(n: number): number[] {
  const primes: number[] = [];
  let rest = n;
  for (let d = 2; d * d <= rest; d++) for (; rest % d === 0; rest /= d) primes.push(d);
  if (rest > 1) primes.push(rest);
  return primes;
}

/** A generator of natural numbers below a bound, the same for the same seed (splitmix64). */
export function seededNaturals(seed: bigint): (end: bigint) => bigint {
  let state = seed;
  const next = (): bigint => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
  return (end) => {
    let value = 0n;
    for (let room = end; room > 0n; room >>= 64n) value = (value << 64n) | next();
    return value % end;
  };
}
