/** Greatest common divisors, powers and Jacobi symbols of integers of any size. */

/** The greatest common divisor of a and b, at least 0. */
export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** base^exponent mod m, for base >= 0, exponent >= 0 and m >= 1. */
export function powerModulo(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n % m;
  for (let square = base % m, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % m;
    square = (square * square) % m;
  }
  return result;
}

/** The Jacobi symbol (a / n) for odd n >= 1 and 1 <= a < 2^26, by one step of reciprocity and then in words. */
export function jacobiSymbol(a: number, n: bigint): -1 | 0 | 1 {
  let symbol: -1 | 1 = 1;
  const flip = (isMinus: boolean): void => {
    if (isMinus) symbol = symbol === 1 ? -1 : 1;
  };
  let top = a;
  let bottom = Number(n % 8n);
  let isLong = true;
  for (;;) {
    for (; top % 2 === 0; top /= 2) flip(bottom % 8 === 3 || bottom % 8 === 5);
    flip(top % 4 === 3 && bottom % 4 === 3);
    const rest = isLong ? Number(n % BigInt(top)) : bottom % top;
    isLong = false;
    if (rest === 0) return top === 1 ? symbol : 0;
    [top, bottom] = [rest, top];
  }
}
