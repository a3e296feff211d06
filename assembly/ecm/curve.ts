/**
 * Montgomery curves b·y² = x³ + a·x² + x modulo the job's modulus, in the form of Montgomery (1987): points as (X : Z),
 * without y. A point is two slots, X and then Z.
 */
import { ECM, SLOT_BYTES } from '../layout';
import { addMod, inverse, limbs, montMul, residueOfWord, subMod } from '../arithmetic/modulus';
import { copy } from '../arithmetic/natural';

export const POINT_BYTES: usize = 2 * SLOT_BYTES;

/** (a + 2) / 4. */
const A24: usize = ECM + SLOT_BYTES;
const S: usize = ECM + 2 * SLOT_BYTES;
const T: usize = ECM + 3 * SLOT_BYTES;
const U: usize = ECM + 4 * SLOT_BYTES;
const V: usize = ECM + 5 * SLOT_BYTES;

/**
 * Sets the curve of Suyama's parameter sigma >= 6, whose order is divisible by 12, and writes its point. False if the modulus
 * shares a factor with the denominator; then Z of the point holds that denominator.
 */
export function suyamaCurve(sigma: u32, point: usize): bool {
  const x = point;
  const z = point + SLOT_BYTES;
  residueOfWord(S, sigma);
  residueOfWord(T, 5);
  montMul(U, S, S);
  subMod(U, U, T); // u = sigma² - 5
  addMod(V, S, S);
  addMod(V, V, V); // v = 4·sigma
  montMul(x, U, U);
  montMul(x, x, U); // X = u³

  // a24 = (v - u)³·(3u + v) / (16·u³·v)
  addMod(S, x, x);
  addMod(S, S, S);
  addMod(S, S, S);
  addMod(S, S, S);
  montMul(z, S, V);
  if (!inverse(A24, z)) return false;
  subMod(S, V, U);
  montMul(T, S, S);
  montMul(T, T, S);
  montMul(A24, A24, T);
  addMod(S, U, U);
  addMod(S, S, U);
  addMod(S, S, V);
  montMul(A24, A24, S);

  montMul(z, V, V);
  montMul(z, z, V); // Z = v³
  return true;
}

/** r = 2·p: 5 products. r may be p. */
export function double(r: usize, p: usize): void {
  addMod(S, p, p + SLOT_BYTES);
  subMod(T, p, p + SLOT_BYTES);
  montMul(S, S, S);
  montMul(T, T, T);
  montMul(r, S, T);
  subMod(S, S, T);
  montMul(U, A24, S);
  addMod(U, U, T);
  montMul(r + SLOT_BYTES, S, U);
}

/** r = p + q, given `difference` = p - q: 6 products. r may be any of them. */
export function addPoints(r: usize, p: usize, q: usize, difference: usize): void {
  subMod(S, p, p + SLOT_BYTES);
  addMod(T, q, q + SLOT_BYTES);
  montMul(U, S, T);
  addMod(S, p, p + SLOT_BYTES);
  subMod(T, q, q + SLOT_BYTES);
  montMul(V, S, T);
  addMod(S, U, V);
  subMod(T, U, V);
  montMul(S, S, S);
  montMul(T, T, T);
  montMul(U, difference, T);
  montMul(r, difference + SLOT_BYTES, S);
  copy(r + SLOT_BYTES, U, limbs());
}

export function copyPoint(r: usize, p: usize): void {
  copy(r, p, limbs());
  copy(r + SLOT_BYTES, p + SLOT_BYTES, limbs());
}
