/**
 * Pollard's rho in Brent's form (Brent 1980) modulo odd composites below 2^64, with Montgomery arithmetic.
 *
 * Differences are multiplied up and their gcd taken once per batch; when a batch holds all prime factors at once, its steps
 * are gone through again one at a time. Finds a factor p in about sqrt(p) steps, so about 2^16 at worst.
 */
import { addMod, gcdWord, inverseWord, montOne } from './montgomery-word';
import { canonical, residueAdd, residueMul, residueSquare, residueSub, SIGNED_END } from './residue-word';
import { addWork } from './work';

const BATCH: i32 = 64;

/** A nontrivial factor of n. n is odd, composite and no prime power (a square of a prime may never end). */
export function pollardRhoBrentWord(n: u64): u64 {
  const inverse = inverseWord(n);
  const one = montOne(n);
  let c = one;
  let factor = n;
  while (factor == n) {
    factor = n < SIGNED_END ? runFrom<i64>(n, inverse, one, c) : runFrom<u64>(n, inverse, one, c);
    c = addMod(c, one, n);
  }
  return factor;
}

/**
 * One sequence x -> (x + c)², whose differences are those of y -> y² + c; n when it met all factors at the same step. Every member is a
 * product.
 */
function runFrom<T>(n: u64, inverse: u64, one: u64, c: u64): u64 {
  const addend = <T>c;
  let y = <T>one;
  let product = <T>one;
  let length = 1;
  while (true) {
    const x = y;
    addWork(5 * <u32>length);
    // Brent compares only in the second half of each power of two; the first half is walked over.
    for (let i = 0; i < length; i++) y = residueSquare<T>(residueAdd<T>(y, addend, n), n, inverse);
    for (let done = 0; done < length; done += BATCH) {
      const batchStart = y;
      const steps = min(BATCH, length - done);
      for (let i = 0; i < steps; i++) {
        y = residueSquare<T>(residueAdd<T>(y, addend, n), n, inverse);
        product = residueMul<T>(product, residueSub<T>(x, y, n), n, inverse);
      }
      const factor = gcdWord(canonical<T>(product, n), n);
      if (factor == 1) continue;
      if (factor != n) return factor;
      return retrace<T>(x, batchStart, n, inverse, addend);
    }
    length <<= 1;
  }
}

function retrace<T>(x: T, y: T, n: u64, inverse: u64, addend: T): u64 {
  let factor: u64 = 1;
  while (factor == 1) {
    y = residueSquare<T>(residueAdd<T>(y, addend, n), n, inverse);
    const difference = <T>canonical<T>(residueSub<T>(x, y, n), n);
    factor = gcdWord(canonical<T>(difference, n), n);
  }
  return factor;
}
