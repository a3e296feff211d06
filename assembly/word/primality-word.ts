/**
 * Primality below 2^64, proven: no composite below 2^64 passes both tests of Baillie–PSW, which was checked against the
 * complete list of base-2 pseudoprimes below 2^64 (Feitsma 2009, Galway).
 *
 * The tests are Baillie & Wagstaff's (1980) strong base-2 test and the extra strong Lucas test (Grantham 2001; Mo & Jones):
 * Q = 1 and the least P >= 3 with Jacobi (P² - 4 / n) = -1, which needs the V sequence only.
 */
import { addMod, inverseWord, montMul, montOne, subMod } from './montgomery-word';
import { canonical, residueAdd, residueMul, residueSquare, residueSub, SIGNED_END } from './residue-word';
import { addWork } from './work';

/** Whether n is prime, for every n < 2^64. */
export function isPrimeWord(n: u64): bool {
  if (n < 64) return ((<u64>0x28208a20a08a28ac >> n) & 1) != 0;
  if ((n & 1) == 0) return false;
  const inverse = inverseWord(n);
  const one = montOne(n);
  return n < SIGNED_END ? isBailliePswPrime<i64>(n, inverse, one) : isBailliePswPrime<u64>(n, inverse, one);
}

/** @inline */
function isBailliePswPrime<T>(n: u64, inverse: u64, one: u64): bool {
  return (
    isStrongProbablePrimeBase2<T>(n, inverse, one) && isExtraStrongLucasProbablePrime<T>(n, inverse, one)
  );
}

function isStrongProbablePrimeBase2<T>(n: u64, inverse: u64, one: u64): bool {
  const minusOne = n - one;
  const s = ctz(n - 1);
  const d = (n - 1) >> s;
  addWork(2 * (64 - <u32>clz(n)));
  let x = <T>one;
  // Doubled after the square of the bit before, so that what is squared is a product or the sum of two.
  for (let bit = 63 - clz(d); <i64>bit > 0; bit--) {
    if ((d >> bit) & 1) x = residueAdd<T>(x, x, n);
    x = residueSquare<T>(x, n, inverse);
  }
  // d is odd.
  let power = addMod(canonical<T>(x, n), canonical<T>(x, n), n);
  if (power == one || power == minusOne) return true;
  for (let r: u64 = 1; r < s; r++) {
    power = montMul(power, power, n, inverse);
    if (power == minusOne) return true;
  }
  return false;
}

function isExtraStrongLucasProbablePrime<T>(n: u64, inverse: u64, one: u64): bool {
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
  let v = <T>two; // V_0
  let next = <T>pResidue; // V_1
  for (let bit = 63 - clz(d); <i64>bit >= 0; bit--) {
    const cross = residueSub<T>(residueMul<T>(v, next, n, inverse), <T>pResidue, n);
    if ((d >> bit) & 1) {
      v = cross;
      next = residueSub<T>(residueSquare<T>(next, n, inverse), <T>two, n);
    } else {
      next = cross;
      v = residueSub<T>(residueSquare<T>(v, n, inverse), <T>two, n);
    }
  }
  return endsExtraStrong(reduced<T>(v, n), reduced<T>(next, n), s, n, inverse, two, pResidue);
}

/** A product minus a number in [0, n), in [0, n). @inline */
function reduced<T>(a: T, n: u64): u64 {
  return canonical<T>(<T>canonical<T>(a, n), n);
}

/** The end of the extra strong test for n + 1 = d·2^s: v is V_d, next is V_(d+1). @inline */
function endsExtraStrong(v: u64, next: u64, s: u64, n: u64, inverse: u64, two: u64, pResidue: u64): bool {
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
