/** Products modulo n in Montgomery form, R = 2^(32 · LIMBS_N) (Montgomery 1985; the coarsely integrated scanning of Koç et al. 1996). */
import {
  LIMBS_N,
  MONT_ONE,
  MONT_SQUARE,
  MONT_TEMP,
  N,
  NUMBER_BYTES,
  N_INVERSE,
} from '../../src/kernel/siqs-header';
import { field, setField } from './header';
import { inverseModuloPower } from './modular';
import { add, clear, copy, isLess, subtract } from './natural';

/** Prepares R and R² modulo n. */
export function prepareMontgomery(): void {
  const limbs = field(LIMBS_N);
  setField(N_INVERSE, 0 - inverseModuloPower(load<u32>(N)));
  clear(MONT_ONE, NUMBER_BYTES >> 2);
  store<u32>(MONT_ONE, 1);
  for (let i: u32 = 0; i < limbs << 5; i++) doubleModulo(MONT_ONE, limbs);
  copy(MONT_SQUARE, MONT_ONE, NUMBER_BYTES >> 2);
  for (let i: u32 = 0; i < limbs << 5; i++) doubleModulo(MONT_SQUARE, limbs);
}

function doubleModulo(a: u32, limbs: u32): void {
  const carry = add(a, a, a, limbs);
  if (carry != 0 || !isLess(a, N, limbs)) subtract(a, a, N, limbs);
}

/** product = a · b / R mod n, for a · b < R · n; may overwrite either. */
export function montgomeryMultiply(product: u32, a: u32, b: u32): void {
  const limbs = field(LIMBS_N);
  const inverse = field(N_INVERSE);
  clear(MONT_TEMP, limbs + 2);
  for (let i: u32 = 0; i < limbs; i++) {
    const word = <u64>load<u32>(a + (i << 2));
    let carry: u64 = 0;
    for (let j: u32 = 0; j < limbs; j++) {
      carry += <u64>load<u32>(MONT_TEMP + (j << 2)) + word * <u64>load<u32>(b + (j << 2));
      store<u32>(MONT_TEMP + (j << 2), <u32>carry);
      carry >>= 32;
    }
    carry += <u64>load<u32>(MONT_TEMP + (limbs << 2));
    store<u32>(MONT_TEMP + (limbs << 2), <u32>carry);
    store<u32>(MONT_TEMP + (limbs << 2), <u32>(carry >> 32), 4);
    const low = load<u32>(MONT_TEMP);
    const quotient: u32 = low * inverse;
    const digit = <u64>quotient;
    carry = (<u64>low + digit * <u64>load<u32>(N)) >> 32;
    for (let j: u32 = 1; j < limbs; j++) {
      carry += <u64>load<u32>(MONT_TEMP + (j << 2)) + digit * <u64>load<u32>(N + (j << 2));
      store<u32>(MONT_TEMP + (j << 2) - 4, <u32>carry);
      carry >>= 32;
    }
    carry += <u64>load<u32>(MONT_TEMP + (limbs << 2));
    store<u32>(MONT_TEMP + (limbs << 2) - 4, <u32>carry);
    carry = (carry >> 32) + <u64>load<u32>(MONT_TEMP + (limbs << 2), 4);
    store<u32>(MONT_TEMP + (limbs << 2), <u32>carry);
  }
  if (load<u32>(MONT_TEMP + (limbs << 2)) != 0 || !isLess(MONT_TEMP, N, limbs))
    subtract(product, MONT_TEMP, N, limbs);
  else copy(product, MONT_TEMP, limbs);
}

/** product = product · word^exponent, `product` in Montgomery form, `scratch` two numbers of scratch space. */
export function multiplyByPower(product: u32, word: u32, exponent: u32, scratch: u32): void {
  const limbs = field(LIMBS_N);
  clear(scratch, limbs);
  store<u32>(scratch, word);
  montgomeryMultiply(scratch, scratch, MONT_SQUARE);
  multiplyBySquarings(product, scratch, exponent);
}

/** product = product · R^exponent mod n: gives back what products with numbers that are not in Montgomery form take away. */
export function multiplyByRadix(product: u32, exponent: u32, scratch: u32): void {
  copy(scratch, MONT_SQUARE, field(LIMBS_N));
  multiplyBySquarings(product, scratch, exponent);
}

/** product = product · power^exponent, both in Montgomery form; `power` is used up. */
function multiplyBySquarings(product: u32, power: u32, exponent: u32): void {
  for (let e = exponent; e != 0; e >>= 1) {
    if (e & 1) montgomeryMultiply(product, product, power);
    if (e > 1) montgomeryMultiply(power, power, power);
  }
}
