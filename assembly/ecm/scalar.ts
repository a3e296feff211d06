/** lcm(1 … b), by which stage 1 multiplies first: one long scalar, since its base then has Z = 1. */
import { ODD_PRIMES, ODD_PRIMES_COUNT } from '../layout';
import { bitLength, setWord } from '../arithmetic/natural';
import { SCALAR, SCALAR_BYTES } from './state';

const LIMBS: i32 = <i32>(SCALAR_BYTES / 4);
/** The scalar has at most 1.04·b / ln 2 + 64 bits (Rosser & Schoenfeld 1962), and there is room for 8,192. */
export const SCALAR_BOUND_MAX: u32 = 5_000;

/** Writes the scalar for b up to SCALAR_BOUND_MAX; its length in bits. */
export function setScalar(b: u32): i32 {
  setWord(SCALAR, 1, LIMBS);
  let used = 1;
  for (let power: u32 = 2; power <= b; power <<= 1) used = multiplyScalar(2, used);
  for (let i: usize = 0; i < <usize>ODD_PRIMES_COUNT; i++) {
    const p = <u32>load<u16>(ODD_PRIMES + (i << 1));
    if (p > b) break;
    let power = p;
    while (power * p <= b) power *= p;
    used = multiplyScalar(power, used);
  }
  return bitLength(SCALAR, used);
}

/** The limbs that are then in use. */
function multiplyScalar(factor: u32, used: i32): i32 {
  let carry: u64 = 0;
  for (let at = SCALAR, end = SCALAR + ((<usize>used) << 2); at < end; at += 4) {
    carry += <u64>factor * <u64>load<u32>(at);
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
  if (carry == 0) return used;
  store<u32>(SCALAR + ((<usize>used) << 2), <u32>carry);
  return used + 1;
}
