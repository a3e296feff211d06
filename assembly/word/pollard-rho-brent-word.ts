/**
 * Pollard's rho in Brent's form (Brent 1980) modulo odd composites below 2^64, with Montgomery arithmetic.
 *
 * Differences are multiplied up and their gcd taken once per batch; when a batch holds all prime factors at once, its steps
 * are gone through again one at a time. Finds a factor p in about sqrt(p) steps, so about 2^16 at worst.
 */
import { addMod, gcdWord, inverseWord, montMul, montOne, subMod } from './montgomery-word';
import { addWork } from './work';

const BATCH: i32 = 64;

/** A nontrivial factor of n. n is odd, composite and no prime power (a square of a prime may never end). */
export function pollardRhoBrentWord(n: u64): u64 {
  const inverse = inverseWord(n);
  const one = montOne(n);
  let c = one;
  let factor = n;
  while (factor == n) {
    factor = runFrom(n, inverse, one, c);
    c = addMod(c, one, n);
  }
  return factor;
}

/** One sequence x -> x² + c; n when it met all factors at the same step. */
function runFrom(n: u64, inverse: u64, one: u64, c: u64): u64 {
  let y = addMod(one, one, n);
  let product = one;
  let length = 1;
  while (true) {
    const x = y;
    addWork(5 * <u32>length);
    // Brent compares only in the second half of each power of two; the first half is walked over.
    for (let i = 0; i < length; i++) y = addMod(montMul(y, y, n, inverse), c, n);
    for (let done = 0; done < length; done += BATCH) {
      const batchStart = y;
      const steps = min(BATCH, length - done);
      for (let i = 0; i < steps; i++) {
        y = addMod(montMul(y, y, n, inverse), c, n);
        product = montMul(product, subMod(x, y, n), n, inverse);
      }
      const factor = gcdWord(product, n);
      if (factor == 1) continue;
      if (factor != n) return factor;
      return retrace(x, batchStart, n, inverse, c);
    }
    length <<= 1;
  }
}

function retrace(x: u64, y: u64, n: u64, inverse: u64, c: u64): u64 {
  let factor: u64 = 1;
  while (factor == 1) {
    y = addMod(montMul(y, y, n, inverse), c, n);
    factor = gcdWord(subMod(x, y, n), n);
  }
  return factor;
}
