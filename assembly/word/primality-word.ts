/**
 * Primality below 2^64, proven: no composite below 2^64 passes both tests of Baillie–PSW, which was checked against the
 * complete list of base-2 pseudoprimes below 2^64 (Feitsma 2009, Galway).
 *
 * The tests are Baillie & Wagstaff's (1980) strong base-2 test and the extra strong Lucas test (Grantham 2001; Mo & Jones):
 * Q = 1 and the least P >= 3 with Jacobi (P² - 4 / n) = -1, which needs the V sequence only.
 */
import { addMod, inverseWord, montMul, montOne, subMod } from './montgomery-word';
import { addWork } from './work';

/** Whether n is prime, for every n < 2^64. */
export function isPrimeWord(n: u64): bool {
  if (n < 64) return ((<u64>0x28208a20a08a28ac >> n) & 1) != 0;
  if ((n & 1) == 0) return false;
  const inverse = inverseWord(n);
  const one = montOne(n);
  return isStrongProbablePrimeBase2(n, inverse, one) && isExtraStrongLucasProbablePrime(n, inverse, one);
}

function isStrongProbablePrimeBase2(n: u64, inverse: u64, one: u64): bool {
  const minusOne = n - one;
  const s = ctz(n - 1);
  const d = (n - 1) >> s;
  addWork(2 * (64 - <u32>clz(n)));
  let x = one;
  for (let bit = 63 - clz(d); <i64>bit >= 0; bit--) {
    x = montMul(x, x, n, inverse);
    if ((d >> bit) & 1) x = addMod(x, x, n);
  }
  if (x == one || x == minusOne) return true;
  for (let r: u64 = 1; r < s; r++) {
    x = montMul(x, x, n, inverse);
    if (x == minusOne) return true;
  }
  return false;
}

function isExtraStrongLucasProbablePrime(n: u64, inverse: u64, one: u64): bool {
  const two = addMod(one, one, n);
  let p: u64 = 3;
  let pResidue = addMod(two, one, n);
  for (; ; p++, pResidue = addMod(pResidue, one, n)) {
    const symbol = jacobiWord(p * p - 4, n);
    if (symbol < 0) break;
    if (symbol == 0 && (p * p - 4) % n != 0) return false;
    if (p == 40 && isSquareWord(n)) return false; // A square has no such P.
  }
  const s = ctz(n + 1); // n + 1 = 2^64 does not happen: 2^64 - 1 is divisible by 3 and has Jacobi 0 above.
  const d = (n + 1) >> s;
  addWork(3 * (64 - <u32>clz(n)));
  let v = two; // V_0
  let next = pResidue; // V_1
  for (let bit = 63 - clz(d); <i64>bit >= 0; bit--) {
    const cross = subMod(montMul(v, next, n, inverse), pResidue, n);
    if ((d >> bit) & 1) {
      v = cross;
      next = subMod(montMul(next, next, n, inverse), two, n);
    } else {
      next = cross;
      v = subMod(montMul(v, v, n, inverse), two, n);
    }
  }
  // U_d = 0 if and only if 2·V_(d+1) = P·V_d, which is 2·next = ±2·P for v = ±2.
  if (v == two && next == pResidue) return true;
  if (v == n - two && next == n - pResidue) return true;
  for (let r: u64 = 0; r + 1 < s; r++) {
    if (v == 0) return true;
    v = subMod(montMul(v, v, n, inverse), two, n);
  }
  return false;
}

/** The Jacobi symbol (a / n) for odd n. */
export function jacobiWord(a: u64, n: u64): i32 {
  let sign = 1;
  a %= n;
  while (a != 0) {
    const twos = ctz(a);
    a >>= twos;
    if (twos & 1 && ((n & 7) == 3 || (n & 7) == 5)) sign = -sign;
    if ((a & n & 3) == 3) sign = -sign;
    const rest = n % a;
    n = a;
    a = rest;
  }
  return n == 1 ? sign : 0;
}

/** floor(sqrt(n)) for every n < 2^64. */
export function isqrtWord(n: u64): u64 {
  let root = <u64>sqrt<f64>(<f64>n); // Off by at most one, and at most 2^32.
  if (root > 0xffffffff) root = 0xffffffff;
  if (root * root > n) root--;
  else if (n - root * root > 2 * root) root++;
  return root;
}

export function isSquareWord(n: u64): bool {
  // Squares modulo 64 end in one of twelve patterns.
  if (((<u64>0x0202021202030213 >> (n & 63)) & 1) == 0) return false;
  const root = isqrtWord(n);
  return root * root == n;
}
