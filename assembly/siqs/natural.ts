/**
 * Arithmetic on short numbers in memory: arrays of `length` u32 limbs, least significant first.
 *
 * *Signed* numbers are in two's complement over all their limbs. Nothing here allocates or keeps state. Results may overwrite
 * operands of the same address, but must not overlap them otherwise.
 */

export function copy(to: u32, from: u32, length: u32): void {
  for (let i: u32 = 0; i < length; i++) store<u32>(to + (i << 2), load<u32>(from + (i << 2)));
}

export function clear(to: u32, length: u32): void {
  for (let i: u32 = 0; i < length; i++) store<u32>(to + (i << 2), 0);
}

export function isEqual(a: u32, b: u32, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) if (load<u32>(a + (i << 2)) != load<u32>(b + (i << 2))) return false;
  return true;
}

export function isNegative(a: u32, length: u32): bool {
  return <i32>load<u32>(a + ((length - 1) << 2)) < 0;
}

export function isLess(a: u32, b: u32, length: u32): bool {
  for (let i = <i32>length - 1; i >= 0; i--) {
    const x = load<u32>(a + (i << 2));
    const y = load<u32>(b + (i << 2));
    if (x != y) return x < y;
  }
  return false;
}

/** The number of bits of an unsigned number; 0 has none. */
export function bitLength(a: u32, length: u32): u32 {
  for (let i = <i32>length - 1; i >= 0; i--) {
    const limb = load<u32>(a + (i << 2));
    if (limb != 0) return ((<u32>i) << 5) + 32 - clz(limb);
  }
  return 0;
}

/** The limbs of an unsigned number without leading zeros, at least 1. */
export function limbsUsed(a: u32, length: u32): u32 {
  let used = length;
  while (used > 1 && load<u32>(a + ((used - 1) << 2)) == 0) used--;
  return used;
}

/** sum = a + b; the carry out. */
export function add(sum: u32, a: u32, b: u32, length: u32): u32 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    carry += <u64>load<u32>(a + (i << 2)) + <u64>load<u32>(b + (i << 2));
    store<u32>(sum + (i << 2), <u32>carry);
    carry >>= 32;
  }
  return <u32>carry;
}

/** difference = a − b; the borrow out. */
export function subtract(difference: u32, a: u32, b: u32, length: u32): u32 {
  let borrow: i64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    borrow += <i64>load<u32>(a + (i << 2)) - <i64>load<u32>(b + (i << 2));
    store<u32>(difference + (i << 2), <u32>borrow);
    borrow >>= 32;
  }
  return <u32>-borrow;
}

export function negate(to: u32, a: u32, length: u32): void {
  let carry: u64 = 1;
  for (let i: u32 = 0; i < length; i++) {
    carry += <u64>load<u32>(a + (i << 2)) ^ 0xffffffff;
    store<u32>(to + (i << 2), <u32>carry);
    carry >>= 32;
  }
}

/** product = a · word, cut off at `length` limbs; the limb that is cut off. */
export function multiplyWord(product: u32, a: u32, word: u32, length: u32): u32 {
  let carry: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    carry += <u64>load<u32>(a + (i << 2)) * <u64>word;
    store<u32>(product + (i << 2), <u32>carry);
    carry >>= 32;
  }
  return <u32>carry;
}

/** product = a · b in `2 · length` limbs; `product` overlaps neither. */
export function multiply(product: u32, a: u32, b: u32, length: u32): void {
  clear(product, length << 1);
  for (let i: u32 = 0; i < length; i++) {
    const word = <u64>load<u32>(a + (i << 2));
    const row = product + (i << 2);
    let carry: u64 = 0;
    for (let j: u32 = 0; j < length; j++) {
      carry += <u64>load<u32>(row + (j << 2)) + word * <u64>load<u32>(b + (j << 2));
      store<u32>(row + (j << 2), <u32>carry);
      carry >>= 32;
    }
    store<u32>(row + (length << 2), <u32>carry);
  }
}

export function modWord(a: u32, word: u32, length: u32): u32 {
  let rest: u64 = 0;
  for (let i = <i32>length - 1; i >= 0; i--) rest = ((rest << 32) | <u64>load<u32>(a + (i << 2))) % <u64>word;
  return <u32>rest;
}

/**
 * quotient = a / word modulo 2^(32 · length), for odd `word` with `inverse` = word^-1 mod 2^32. The value returned is 0
 * exactly if the unsigned number `a` is divisible, and then the quotient is the true one. For a signed number use it only
 * where the division is known to be exact.
 */
export function divideExactWord(quotient: u32, a: u32, word: u32, inverse: u32, length: u32): u32 {
  let borrow: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const limb = <u64>load<u32>(a + (i << 2)) - borrow;
    const digit = <u32>limb * inverse;
    store<u32>(quotient + (i << 2), digit);
    borrow = ((<u64>digit * <u64>word) >> 32) + (limb >> 63);
  }
  return <u32>borrow;
}

/** Arithmetic shift to the right by `count` < 32 bits of a signed number. */
export function shiftRight(to: u32, a: u32, count: u32, length: u32): void {
  if (count == 0) {
    copy(to, a, length);
    return;
  }
  for (let i: u32 = 0; i + 1 < length; i++) {
    const low = load<u32>(a + (i << 2)) >> count;
    store<u32>(to + (i << 2), low | (load<u32>(a + (i << 2), 4) << (32 - count)));
  }
  const last = (length - 1) << 2;
  store<u32>(to + last, <u32>(<i32>load<u32>(a + last) >> count));
}

/** The number of trailing zero bits; `a` is not 0. */
export function trailingZeros(a: u32, length: u32): u32 {
  for (let i: u32 = 0; i < length; i++) {
    const limb = load<u32>(a + (i << 2));
    if (limb != 0) return (i << 5) + ctz(limb);
  }
  return length << 5;
}
