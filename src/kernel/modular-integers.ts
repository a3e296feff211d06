/** Greatest common divisors and inverses of integers of any size. */

/** The greatest common divisor of a and b, at least 0. */
export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** The inverse of a modulo m >= 1, in [0, m), for a prime to m. */
export function inverseModulo(a: bigint, m: bigint): bigint {
  let [x, y] = [((a % m) + m) % m, m];
  let [u, v] = [1n, 0n];
  while (x > 1n) {
    const quotient = y / x;
    [x, y] = [y - quotient * x, x];
    [u, v] = [v - quotient * u, u];
  }
  return ((u % m) + m) % m;
}

/** base^exponent mod m, for m >= 1 and an exponent of few bits. */
export function powerModulo(base: bigint, exponent: number, m: bigint): bigint {
  let result = 1n % m;
  for (let square = base % m, rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % m;
    square = (square * square) % m;
  }
  return result;
}
