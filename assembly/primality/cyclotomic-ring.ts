/**
 * Arithmetic in Z[ζ]/(n), where ζ is a primitive root of unity whose order m is a prime power, modulo the job's n.
 *
 * An element is its coefficients at 1, ζ, ζ², …, as many as the degree φ(m) of the ring, as residues one after the other. The
 * order 2 gives Z/(n) itself. Elements lie in the arena by index; the first two places hold products that are not reduced yet.
 *
 * Where the modulus is long and the degree is not small, products go by `long-ring.ts`, whose Montgomery form is another.
 */
import { ARENA, PRIMALITY, SCRATCH, SLOT_BYTES } from '../layout';
import { addMod, limbs, montMul, ONE, R_SQUARED, subMod } from '../arithmetic/modulus';
import { copy, setWord } from '../arithmetic/natural';
import {
  fromLongForm,
  isLongRing,
  LONG_ONE,
  longRingMul,
  longRingSquare,
  setLongRing,
  toLongForm,
} from './long-ring';

const ORDER: usize = PRIMALITY;
const DEGREE: usize = PRIMALITY + 4;

const TERM: usize = SCRATCH + 9 * SLOT_BYTES;
/** Coefficients at 1 to ζ^(2φ - 1), which is at least ζ^(m - 1). */
const WIDE: usize = ARENA;
/** The first place that is free for elements. */
export const FIRST_ELEMENT: i32 = 2;

/** Takes the ring of the order m = prime^k, at most 128. */
export function setRing(prime: i32, order: i32): void {
  store<i32>(ORDER, order);
  store<i32>(DEGREE, order - order / prime);
  setLongRing(order, order - order / prime);
}

/** @inline */
export function ringOrder(): i32 {
  return load<i32>(ORDER);
}

/** @inline */
export function ringDegree(): i32 {
  return load<i32>(DEGREE);
}

/** Bytes of a coefficient. @inline */
function coefficientBytes(): usize {
  return (<usize>limbs()) << 2;
}

/** Where an element lies. */
export function elementAt(index: i32): usize {
  return ARENA + <usize>index * <usize>ringDegree() * coefficientBytes();
}

/** r = 1. */
export function setRingOne(r: usize): void {
  setWord(r, 0, limbs() * ringDegree());
  copy(r, isLongRing() ? LONG_ONE : ONE, limbs());
}

/** Brings a coefficient into the Montgomery form of the ring: a number below n, or one limb whatever n. */
export function toRingForm(r: usize): void {
  if (isLongRing()) toLongForm(r);
  else montMul(r, r, R_SQUARED); // Right for a word >= n too, since word·R² < n·R.
}

/** r = the number in [0, n) that the coefficient a stands for. */
export function fromRingForm(r: usize, a: usize): void {
  if (isLongRing()) return fromLongForm(r, a);
  setWord(TERM, 1, limbs());
  montMul(r, a, TERM);
}

export function copyElement(r: usize, a: usize): void {
  copy(r, a, limbs() * ringDegree());
}

/** r = a·b; r may be either. At most φ² Montgomery products. */
export function ringMul(r: usize, a: usize, b: usize): void {
  const degree = ringDegree();
  if (degree == 1) return montMul(r, a, b);
  if (isLongRing()) return longRingMul(r, a, b);
  const size = coefficientBytes();
  clearWide();
  for (let i: usize = 0; i < <usize>degree; i++) {
    for (let j: usize = 0; j < <usize>degree; j++) {
      montMul(TERM, a + i * size, b + j * size);
      const sum = WIDE + (i + j) * size;
      addMod(sum, sum, TERM);
    }
  }
  reduceWide(r);
}

/** r = a²; r may be a. φ·(φ + 1)/2 Montgomery products. */
export function ringSquare(r: usize, a: usize): void {
  const degree = ringDegree();
  if (degree == 1) return montMul(r, a, a);
  if (isLongRing()) return longRingSquare(r, a);
  const size = coefficientBytes();
  if (degree == 2) return squareOfTwo(r, a, size);
  clearWide();
  for (let i: usize = 0; i < <usize>degree; i++) {
    for (let j = i + 1; j < <usize>degree; j++) {
      montMul(TERM, a + i * size, a + j * size);
      const sum = WIDE + (i + j) * size;
      addMod(sum, sum, TERM);
    }
  }
  for (let s: usize = 1; s < <usize>(2 * degree - 2); s++)
    addMod(WIDE + s * size, WIDE + s * size, WIDE + s * size);
  for (let i: usize = 0; i < <usize>degree; i++) {
    montMul(TERM, a + i * size, a + i * size);
    const sum = WIDE + 2 * i * size;
    addMod(sum, sum, TERM);
  }
  reduceWide(r);
}

/** (x + yζ)² in two products: (x + y)(x - y) and, for ζ² = -1, 2xy, or for ζ² = -1 - ζ, (2x - y)·y. */
function squareOfTwo(r: usize, a: usize, size: usize): void {
  const x = a;
  const y = a + size;
  const sum = WIDE;
  const difference = WIDE + size;
  addMod(sum, x, y);
  subMod(difference, x, y);
  if (ringOrder() == 4) addMod(TERM, x, x);
  else addMod(TERM, x, difference);
  montMul(r + size, TERM, y);
  montMul(r, sum, difference);
}

/** r = σ(a) for the automorphism σ that takes ζ to ζ^exponent, 1 <= exponent < m prime to m; r is not a. */
export function conjugate(r: usize, a: usize, exponent: i32): void {
  const size = coefficientBytes();
  const order = ringOrder();
  clearWide();
  let place = 0;
  for (let i: usize = 0; i < <usize>ringDegree(); i++) {
    copy(WIDE + <usize>place * size, a + i * size, limbs());
    place += exponent;
    if (place >= order) place -= order;
  }
  reduceWide(r);
}

function clearWide(): void {
  setWord(WIDE, 0, 2 * ringDegree() * limbs());
}

/** r = the element whose coefficients at 1 to ζ^(2φ - 1) are given, by ζ^m = 1 and Σ ζ^(j·m/p) = 0 over j from 0 to p - 1. */
function reduceWide(r: usize): void {
  const size = coefficientBytes();
  const order = <usize>ringOrder();
  const degree = <usize>ringDegree();
  const step = order - degree;
  for (let i: usize = 0; i + order < 2 * degree; i++) {
    const sum = WIDE + i * size;
    addMod(sum, sum, sum + order * size);
  }
  let within: usize = 0;
  for (let i: usize = 0; i < degree; i++) {
    subMod(r + i * size, WIDE + i * size, WIDE + (degree + within) * size);
    if (++within == step) within = 0;
  }
}
