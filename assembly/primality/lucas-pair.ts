/**
 * Lucas sequences with Q = 1 modulo the job's modulus: V_k = x^k + x^-k for an x with x + 1/x = P, by pairs V_k, V_(k+1) whose
 * index grows bit by bit (Montgomery 1992, "Evaluating recurrences of form X_(m+n) = f(X_m, X_n, X_(m-n))").
 *
 * The pair lies in the PRIMALITY region, behind the words of whoever uses it.
 */
import { PRIMALITY, SCRATCH, SLOT_BYTES } from '../layout';
import { addMod, limbs, montMul, ONE, subMod } from '../arithmetic/modulus';
import { copy } from '../arithmetic/natural';

/** The residue of 2, which is V_0. */
export const TWO: usize = PRIMALITY + SLOT_BYTES;
export const P: usize = PRIMALITY + 2 * SLOT_BYTES;
export const V: usize = PRIMALITY + 3 * SLOT_BYTES;
export const V_NEXT: usize = PRIMALITY + 4 * SLOT_BYTES;
/** The first slot that is free for others. */
export const LUCAS_END: usize = PRIMALITY + 5 * SLOT_BYTES;

const CROSS: usize = SCRATCH + 9 * SLOT_BYTES;

/** The pair of k = 0, for the P that stands there. */
export function startLucasPair(): void {
  const k = limbs();
  addMod(TWO, ONE, ONE);
  copy(V, TWO, k);
  copy(V_NEXT, P, k);
}

/** From k to 2k + bit: 2 products. */
export function stepLucasPair(bit: u32): void {
  montMul(CROSS, V, V_NEXT);
  if (bit) {
    subMod(V, CROSS, P);
    squareIndex(V_NEXT);
  } else {
    subMod(V_NEXT, CROSS, P);
    squareIndex(V);
  }
}

/** V_(2k) from V_k. */
export function squareIndex(v: usize): void {
  montMul(v, v, v);
  subMod(v, v, TWO);
}
