/**
 * The Baillie–PSW probable-prime test (Baillie & Wagstaff 1980) of the job's modulus, in bounded steps.
 *
 * A strong test to base 2, then the extra strong Lucas test (Grantham 2001): Q = 1 and the least P >= 3 with Jacobi
 * (P² - 4 / n) = -1. No composite is known to pass both, and there is none below 2^64.
 *
 * All state between steps lies in the PRIMALITY region, so that any thread goes on with it.
 */
import { jacobiWord } from '../word/primality-word';
import { PRIMALITY, SCRATCH, SLOT_BYTES } from '../layout';
import { addMod, limbs, montMul, N, ONE, residueOfWord, subMod } from '../arithmetic/modulus';
import {
  add,
  bit,
  bitLength,
  copy,
  equals,
  isZero,
  remainderWord,
  setWord,
  sub,
  trailingZeros,
} from '../arithmetic/natural';
import { LUCAS_END, P, squareIndex, startLucasPair, stepLucasPair, TWO, V, V_NEXT } from './lucas-pair';

/** Where the test is. */
const STAGE_FERMAT: i32 = 0;
const STAGE_FERMAT_SQUARES: i32 = 1;
const STAGE_LUCAS: i32 = 2;
const STAGE_LUCAS_SQUARES: i32 = 3;

/** What `bailliePswStep` says. */
export const UNFINISHED: i32 = 0;
export const COMPOSITE: i32 = 1;
export const PROBABLE_PRIME: i32 = 2;

const STAGE: usize = PRIMALITY;
/** The next bit of the exponent, or the squarings still to do. */
const COUNT: usize = PRIMALITY + 4;
/** How often 2 divides n - 1 or n + 1. */
const TWOS: usize = PRIMALITY + 8;
/** n - 1 or n + 1; one limb longer than n, since n + 1 may be. */
const EXPONENT: usize = LUCAS_END;
/** The power of 2. */
const A: usize = LUCAS_END + SLOT_BYTES;
const MINUS_ONE: usize = LUCAS_END + 2 * SLOT_BYTES;
const MINUS_TWO: usize = LUCAS_END + 3 * SLOT_BYTES;
const T: usize = SCRATCH + 10 * SLOT_BYTES;

/** Begins the test of the modulus, which is odd, no perfect square, and above 2^32. */
export function bailliePswStart(): void {
  const k = limbs();
  sub(MINUS_ONE, N, ONE, k);
  subMod(MINUS_TWO, MINUS_ONE, ONE);
  setExponent(-1);
  copy(A, ONE, k);
  store<i32>(STAGE, STAGE_FERMAT);
}

/** Does up to `productsMax` Montgomery products more; UNFINISHED, COMPOSITE or PROBABLE_PRIME. */
export function bailliePswStep(productsMax: i32): i32 {
  for (let left = productsMax; left > 0; left -= 2) {
    const stage = load<i32>(STAGE);
    const outcome =
      stage == STAGE_FERMAT
        ? fermatBit()
        : stage == STAGE_FERMAT_SQUARES
          ? fermatSquare()
          : stage == STAGE_LUCAS
            ? lucasBit()
            : lucasSquare();
    if (outcome != UNFINISHED) return outcome;
  }
  return UNFINISHED;
}

/** EXPONENT = n + offset for an offset of 1 or -1, whose odd part's bits are then gone through from the top. */
function setExponent(offset: i32): void {
  const k = limbs() + 1;
  setWord(T, 1, k);
  copy(EXPONENT, N, k - 1);
  store<u32>(EXPONENT + ((<usize>(k - 1)) << 2), 0);
  if (offset < 0) sub(EXPONENT, EXPONENT, T, k);
  else add(EXPONENT, EXPONENT, T, k);
  store<i32>(TWOS, trailingZeros(EXPONENT));
  store<i32>(COUNT, bitLength(EXPONENT, k) - 1);
}

/** One bit of 2^d mod n for n - 1 = d·2^s. */
function fermatBit(): i32 {
  const k = limbs();
  const index = load<i32>(COUNT);
  montMul(A, A, A);
  if (bit(EXPONENT, index)) addMod(A, A, A);
  store<i32>(COUNT, index - 1);
  if (index > load<i32>(TWOS)) return UNFINISHED;
  if (equals(A, ONE, k) || equals(A, MINUS_ONE, k)) return lucasStart();
  store<i32>(STAGE, STAGE_FERMAT_SQUARES);
  store<i32>(COUNT, load<i32>(TWOS) - 1);
  return UNFINISHED;
}

/** One of the squarings of 2^d, which must meet -1. */
function fermatSquare(): i32 {
  const left = load<i32>(COUNT);
  if (left == 0) return COMPOSITE;
  montMul(A, A, A);
  if (equals(A, MINUS_ONE, limbs())) return lucasStart();
  store<i32>(COUNT, left - 1);
  return UNFINISHED;
}

function lucasStart(): i32 {
  const k = limbs();
  let p: u32 = 3;
  for (; ; p++) {
    const symbol = jacobiOfWordOverModulus(p * p - 4);
    if (symbol < 0) break;
    if (symbol == 0) return COMPOSITE; // P ± 2 shares a factor with n, and is below it.
  }
  residueOfWord(P, p);
  startLucasPair();
  setExponent(1);
  store<i32>(STAGE, STAGE_LUCAS);
  return UNFINISHED;
}

/** One bit of V_d, V_(d+1) for n + 1 = d·2^s. */
function lucasBit(): i32 {
  const k = limbs();
  const index = load<i32>(COUNT);
  stepLucasPair(bit(EXPONENT, index));
  store<i32>(COUNT, index - 1);
  if (index > load<i32>(TWOS)) return UNFINISHED;
  // U_d = 0 if and only if 2·V_(d+1) = P·V_d: for V_d = ±2 that is V_(d+1) = ±P.
  if (equals(V, TWO, k) && equals(V_NEXT, P, k)) return PROBABLE_PRIME;
  if (equals(V, MINUS_TWO, k)) {
    addMod(T, V_NEXT, P);
    if (isZero(T, k)) return PROBABLE_PRIME;
  }
  store<i32>(STAGE, STAGE_LUCAS_SQUARES);
  store<i32>(COUNT, load<i32>(TWOS) - 1);
  return UNFINISHED;
}

/** One of V_(d·2^r) for r < s - 1, of which one must be 0. */
function lucasSquare(): i32 {
  const left = load<i32>(COUNT);
  if (left == 0) return COMPOSITE;
  if (isZero(V, limbs())) return PROBABLE_PRIME;
  squareIndex(V);
  store<i32>(COUNT, left - 1);
  return UNFINISHED;
}

/** (word / n) by one step of reciprocity, so that the rest is in words. */
function jacobiOfWordOverModulus(word: u32): i32 {
  const twos = ctz(word);
  const odd = word >> twos;
  const n0 = load<u32>(N);
  let sign = 1;
  if (twos & 1 && ((n0 & 7) == 3 || (n0 & 7) == 5)) sign = -sign;
  if ((odd & n0 & 3) == 3) sign = -sign;
  return sign * jacobiWord(<u64>remainderWord(N, <u64>odd, limbs()), <u64>odd);
}
