/**
 * A claim of the proof by n - 1 and n + 1, in bounded steps: that an x of norm 1 has, modulo every prime divisor of n, an order
 * that does not divide (n ∓ 1)/d, although it divides n ∓ 1.
 *
 * Only the trace P = x + 1/x is needed (Morrison 1975): with e = (n ∓ 1)/d that is V_(e·d) = 2, and V_e - 2 prime to n.
 */
import { INPUT, PRIMALITY, SCRATCH, SLOT_BYTES } from '../layout';
import { inverseOfWord } from '../arithmetic/inverse-of-word';
import { limbs, montMul, N, R_SQUARED, residueOfWord, subMod } from '../arithmetic/modulus';
import { bit, copy, equals, equalsWord, gcdInto } from '../arithmetic/natural';
import { LUCAS_END, P, startLucasPair, stepLucasPair, TWO, V } from './lucas-pair';

/** What `neighbourClaimStep` says. */
export const UNFINISHED: i32 = 0;
export const COMPOSITE: i32 = 1;
export const SHOWN: i32 = 2;
/** This x says nothing: its order divides e. */
export const OTHER_BASE: i32 = 3;

/** UNFINISHED, or what was known before the first step. */
const OUTCOME: usize = PRIMALITY;
/** The bits of the index at hand that are still to do. */
const BITS_LEFT: usize = PRIMALITY + 4;
const DIVISOR_BITS: usize = PRIMALITY + 8;
/** Where the index at hand stands. */
const ADDRESS: usize = PRIMALITY + 12;

const EXPONENT: usize = LUCAS_END;
const DIVISOR: usize = LUCAS_END + SLOT_BYTES;
const V_EXPONENT: usize = LUCAS_END + 2 * SLOT_BYTES;

const INVERSE: usize = SCRATCH + 10 * SLOT_BYTES;
const DIFFERENCE: usize = SCRATCH + 11 * SLOT_BYTES;
const MODULUS_COPY: usize = SCRATCH + 12 * SLOT_BYTES;

/** Where `neighbourClaimStart` finds d, behind e; bytes. */
const DIVISOR_OFFSET: usize = SLOT_BYTES;

/**
 * Begins the claim of d for P = numerator / denominator. e stands at INPUT and d a slot behind it, of so many bits each, from 1
 * bit to the modulus' length. 2 <= denominator.
 */
export function neighbourClaimStart(
  numerator: u32,
  denominator: u32,
  exponentBits: i32,
  divisorBits: i32,
): void {
  const k = limbs();
  const shared = inverseOfWord(INVERSE, denominator);
  if (shared != 1) {
    store<i32>(OUTCOME, equalsWord(N, shared, k) ? OTHER_BASE : COMPOSITE);
    return;
  }
  store<i32>(OUTCOME, UNFINISHED);
  copy(EXPONENT, INPUT, (exponentBits + 31) >> 5);
  copy(DIVISOR, INPUT + DIVISOR_OFFSET, (divisorBits + 31) >> 5);
  store<i32>(DIVISOR_BITS, divisorBits);
  montMul(INVERSE, INVERSE, R_SQUARED);
  residueOfWord(P, numerator);
  montMul(P, P, INVERSE);
  begin(EXPONENT, exponentBits);
}

function begin(index: usize, bits: i32): void {
  store<u32>(ADDRESS, <u32>index);
  store<i32>(BITS_LEFT, bits);
  startLucasPair();
}

/** Does about `productsMax` Montgomery products more, and at the end a gcd. */
export function neighbourClaimStep(productsMax: i32): i32 {
  if (load<i32>(OUTCOME) != UNFINISHED) return load<i32>(OUTCOME);
  const k = limbs();
  for (let left = productsMax; left > 0; left -= 2) {
    const bitsLeft = load<i32>(BITS_LEFT) - 1;
    const index = <usize>load<u32>(ADDRESS);
    stepLucasPair(bit(index, bitsLeft));
    store<i32>(BITS_LEFT, bitsLeft);
    if (bitsLeft > 0) continue;
    if (index == DIVISOR) return equals(V, TWO, k) ? outcomeOfExponent() : COMPOSITE;
    if (equals(V, TWO, k)) return OTHER_BASE;
    copy(V_EXPONENT, V, k);
    copy(P, V, k);
    begin(DIVISOR, load<i32>(DIVISOR_BITS));
  }
  return UNFINISHED;
}

/** Whether V_e - 2 is prime to n. */
function outcomeOfExponent(): i32 {
  const k = limbs();
  subMod(DIFFERENCE, V_EXPONENT, TWO);
  copy(MODULUS_COPY, N, k);
  gcdInto(DIFFERENCE, MODULUS_COPY, k);
  return equalsWord(DIFFERENCE, 1, k) ? SHOWN : COMPOSITE;
}
