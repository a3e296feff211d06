/**
 * How hard curves on words try: per level the scalar of stage 1 and the primes of stage 2, worked out once.
 *
 * A level is, in bytes from its start: doublings, the last giant step, the scalar's bits and about how many products a curve takes (u32
 * each), the odd part of the scalar (8 words), and for each giant step m a mask (u8) of the baby steps j with a prime at 60m ± j.
 */
import { MICRO_ECM, ODD_PRIMES } from '../layout';
import { coverPrimeWindow, isPrimeInWindow } from '../arithmetic/prime-window';

/** Fields of a level. */
export const DOUBLINGS: usize = 0;
export const GIANT_STEPS: usize = 4;
export const SCALAR_BITS: usize = 8;
export const PRODUCTS: usize = 12;
const LEVEL_BYTES: usize = 256;
export const SCALAR: usize = 16;
const SCALAR_WORDS: i32 = 8;
export const MASKS: usize = 80;
const WIDTH: u32 = 60;
/** The level of the p + 1 method; those before it are for curves. */
export const P_PLUS_1_LEVEL: i32 = 7;
/** To set a curve up, for the baby steps, and to see what came of it. */
const SET_UP_PRODUCTS: u32 = 210;

/** Fills the table of levels; needs the odd primes. Part of `init`. */
export function initMicroEcm(): void {
  coverPrimeWindow(1, 8_100);
  initLevel(0, 23, 660, 8, 3);
  initLevel(1, 29, 1_020, 8, 4);
  initLevel(2, 37, 1_440, 8, 4);
  initLevel(3, 61, 2_000, 8, 4);
  initLevel(4, 120, 4_300, 9, 4);
  initLevel(5, 165, 6_000, 9, 4);
  initLevel(6, 205, 8_000, 9, 4);
  initLevel(P_PLUS_1_LEVEL, 61, 2_200, 8, 4);
}

/** B1 and B2 of the level. A point is doubled `twos` times and tripled `threes` times, which is cheap, and more than B1 asks for. */
function initLevel(level: i32, b1: u32, b2: u32, twos: u32, threes: i32): void {
  const at = levelAt(level);
  const giants = b2 / WIDTH;
  store<u32>(at, twos, DOUBLINGS);
  store<u32>(at, giants, GIANT_STEPS);
  for (let i = 0; i < SCALAR_WORDS; i++) store<u64>(at + SCALAR + ((<usize>i) << 3), i == 0 ? 1 : 0);
  for (let i = 0; i < threes; i++) multiplyScalar(at + SCALAR, 3);
  for (let i: usize = 1; ; i++) {
    const p = <u32>load<u16>(ODD_PRIMES + (i << 1));
    if (p > b1) break;
    for (let power = p; power <= b1; power *= p) multiplyScalar(at + SCALAR, p);
  }
  let top = SCALAR_WORDS - 1;
  while (load<u64>(at + SCALAR + ((<usize>top) << 3)) == 0) top--;
  const bits = <u32>(64 * top + 64) - <u32>clz(load<u64>(at + SCALAR + ((<usize>top) << 3)));
  store<u32>(at, bits, SCALAR_BITS);

  let products = SET_UP_PRODUCTS + 10 * bits + 5 * twos + 7 * giants;
  for (let m: u32 = 1; m <= giants; m++) {
    let mask: u32 = 0;
    for (let bit: u32 = 0; bit < 8; bit++) {
      const j = babyStep(bit);
      if (isPrimeAbove(b1, m * WIDTH - j) || isPrimeAbove(b1, m * WIDTH + j)) mask |= 1 << bit;
    }
    store<u8>(at + MASKS + m, <u8>mask);
    products += 2 * popcnt(mask);
  }
  store<u32>(at, products, PRODUCTS);
}

function multiplyScalar(scalar: usize, factor: u64): void {
  let carry: u64 = 0;
  for (let at = scalar; at < scalar + 8 * SCALAR_WORDS; at += 4) {
    carry += factor * <u64>load<u32>(at);
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
}

function isPrimeAbove(b1: u32, n: u32): bool {
  return n > b1 && isPrimeInWindow(n);
}

/** The numbers below 30 that are coprime to 60. */
export function babyStep(index: u32): u32 {
  return <u32>(<u64>0x1d171311_0d0b0701 >> (index << 3)) & 0xff;
}

/** @inline */
export function levelAt(level: i32): usize {
  return MICRO_ECM + <usize>level * LEVEL_BYTES;
}
