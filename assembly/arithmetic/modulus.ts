/**
 * Montgomery arithmetic modulo the job's odd n of k limbs, R = 2^(32k) (Montgomery 1985; the loop is the "finely integrated
 * operand scanning" of Koç, Acar & Kaliski 1996).
 *
 * One modulus at a time, kept in linear memory with its constants, so that any thread goes on with it. Residues are k limbs in
 * [0, n); r may be the same as a or b.
 */
import { MODULUS, SCRATCH, SLOT_BYTES } from '../layout';
import { addModUnrolled, montMulUnrolled, subModUnrolled } from './modulus-unrolled';
import { add, bitLength, compare, copy, setWord, sub } from './natural';
import { oddInverse } from './odd-inverse';

export const N: usize = MODULUS;
/** The residue of 1: R mod n. */
export const ONE: usize = MODULUS + SLOT_BYTES;
/** R² mod n, which brings a number into Montgomery form. */
export const R_SQUARED: usize = MODULUS + 2 * SLOT_BYTES;
const LIMBS: usize = MODULUS + 3 * SLOT_BYTES;
const MINUS_INVERSE: usize = LIMBS + 4;

/** The accumulator of `montMul`: k + 1 limbs. */
const PRODUCT: usize = SCRATCH;

/** @inline */
export function limbs(): i32 {
  return load<i32>(LIMBS);
}

/** Takes the odd number of k limbs at `source` as modulus; 1 <= k <= LIMBS_MAX, its upper limb is not 0, n >= 3. */
export function setModulus(source: usize, k: i32): void {
  copy(N, source, k);
  store<i32>(LIMBS, k);
  store<u32>(MINUS_INVERSE, 0 - oddInverse(load<u32>(N)));

  const bits = bitLength(N, k);
  setWord(ONE, 0, k);
  store<u32>(ONE + ((<usize>((bits - 1) >> 5)) << 2), (<u32>1) << ((bits - 1) & 31));
  for (let i = bits - 1; i < 32 * k; i++) addMod(ONE, ONE, ONE);

  // 2^e·R for e = 32k, by doubling and squaring from e = 0: (2^e·R)²/R = 2^(2e)·R.
  copy(R_SQUARED, ONE, k);
  const exponent = <u32>(32 * k);
  for (let i = 31 - <i32>clz(exponent); i >= 0; i--) {
    montMul(R_SQUARED, R_SQUARED, R_SQUARED);
    if ((exponent >> i) & 1) addMod(R_SQUARED, R_SQUARED, R_SQUARED);
  }
}

/** r = a + b mod n. */
export function addMod(r: usize, a: usize, b: usize): void {
  const k = limbs();
  if (addModUnrolled(k, r, a, b)) return;
  if (add(r, a, b, k) != 0 || compare(r, N, k) >= 0) sub(r, r, N, k);
}

/** r = a - b mod n. */
export function subMod(r: usize, a: usize, b: usize): void {
  const k = limbs();
  if (subModUnrolled(k, r, a, b)) return;
  if (sub(r, a, b, k) != 0) add(r, r, N, k);
}

/** r = a·b/R mod n. */
export function montMul(r: usize, a: usize, b: usize): void {
  const k = limbs();
  const minusInverse = load<u32>(MINUS_INVERSE);
  if (montMulUnrolled(k, r, a, b, minusInverse)) return;
  const end = (<usize>k) << 2;
  const n0 = <u64>load<u32>(N);
  const b0 = <u64>load<u32>(b);
  setWord(PRODUCT, 0, k);
  let top: u64 = 0;
  for (let i: usize = 0; i < end; i += 4) {
    const ai = <u64>load<u32>(a + i);
    let low = ai * b0 + <u64>load<u32>(PRODUCT);
    const m = <u64>(<u32>low * minusInverse);
    let carry = low >> 32;
    let carryN = (m * n0 + (low & 0xffffffff)) >> 32;
    for (let j: usize = 4; j < end; j += 4) {
      low = ai * <u64>load<u32>(b + j) + <u64>load<u32>(PRODUCT + j) + carry;
      carry = low >> 32;
      const reduced = m * <u64>load<u32>(N + j) + (low & 0xffffffff) + carryN;
      carryN = reduced >> 32;
      store<u32>(PRODUCT - 4 + j, <u32>reduced);
    }
    top += carry + carryN;
    store<u32>(PRODUCT - 4 + end, <u32>top);
    top >>= 32;
  }
  if (top != 0 || compare(PRODUCT, N, k) >= 0) sub(r, PRODUCT, N, k);
  else copy(r, PRODUCT, k);
}

/** r = the residue of a word. */
export function residueOfWord(r: usize, word: u32): void {
  const k = limbs();
  setWord(r, word, k);
  montMul(r, r, R_SQUARED); // Right for word >= n too, since word·R² < n·R.
}
