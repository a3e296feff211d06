/**
 * Natural numbers of `k` limbs in linear memory: u32, least significant first, any alignment of 4.
 *
 * Operands may be the same number, but must not overlap otherwise.
 */

/** r = a. A loop, since the engine's bulk copy costs more than it saves on a few limbs. */
export function copy(r: usize, a: usize, k: i32): void {
  for (let i: usize = 0, end = (<usize>k) << 2; i < end; i += 4) store<u32>(r + i, load<u32>(a + i));
}

/** r = word. */
export function setWord(r: usize, word: u32, k: i32): void {
  store<u32>(r, word);
  for (let i: usize = 4, end = (<usize>k) << 2; i < end; i += 4) store<u32>(r + i, 0);
}

export function isZero(a: usize, k: i32): bool {
  for (let i = 0; i < k; i++) if (load<u32>(a + ((<usize>i) << 2)) != 0) return false;
  return true;
}

/** Whether a = word, a number below 2^32. */
export function equalsWord(a: usize, word: u32, k: i32): bool {
  return load<u32>(a) == word && isZero(a + 4, k - 1);
}

export function equals(a: usize, b: usize, k: i32): bool {
  return compare(a, b, k) == 0;
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. */
export function compare(a: usize, b: usize, k: i32): i32 {
  for (let i = (<usize>(k - 1)) << 2; <isize>i >= 0; i -= 4) {
    const x = load<u32>(a + i);
    const y = load<u32>(b + i);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

/** r = a + b mod 2^(32k); the carry out. */
export function add(r: usize, a: usize, b: usize, k: i32): u64 {
  let carry: u64 = 0;
  for (let i: usize = 0, end = (<usize>k) << 2; i < end; i += 4) {
    carry += <u64>load<u32>(a + i) + <u64>load<u32>(b + i);
    store<u32>(r + i, <u32>carry);
    carry >>= 32;
  }
  return carry;
}

/** r = a - b mod 2^(32k); the borrow out, 0 or 1. */
export function sub(r: usize, a: usize, b: usize, k: i32): u64 {
  let borrow: i64 = 0;
  for (let i: usize = 0, end = (<usize>k) << 2; i < end; i += 4) {
    borrow += <i64>load<u32>(a + i) - <i64>load<u32>(b + i);
    store<u32>(r + i, <u32>borrow);
    borrow >>= 32;
  }
  return <u64>-borrow;
}

/** a = floor(a / 2^shift) + top·2^(32k - shift), for 1 <= shift <= 31. */
export function shiftRight(a: usize, shift: u32, top: u64, k: i32): void {
  for (let i = (<usize>(k - 1)) << 2; <isize>i >= 0; i -= 4) {
    const pair = (top << 32) | <u64>load<u32>(a + i);
    store<u32>(a + i, <u32>(pair >> shift));
    top = pair & 0xffffffff;
  }
}

/** r = a · word mod 2^(32k); the limb that is cut off. */
export function multiplyWord(r: usize, a: usize, word: u32, k: i32): u32 {
  let carry: u64 = 0;
  for (let i: usize = 0, end = (<usize>k) << 2; i < end; i += 4) {
    carry += <u64>load<u32>(a + i) * <u64>word;
    store<u32>(r + i, <u32>carry);
    carry >>= 32;
  }
  return <u32>carry;
}

/** r = a · b in 2k limbs; r overlaps neither. */
export function multiply(r: usize, a: usize, b: usize, k: i32): void {
  setWord(r, 0, 2 * k);
  const end = (<usize>k) << 2;
  for (let i: usize = 0; i < end; i += 4) {
    const word = <u64>load<u32>(a + i);
    let carry: u64 = 0;
    for (let j: usize = 0; j < end; j += 4) {
      carry += <u64>load<u32>(r + i + j) + word * <u64>load<u32>(b + j);
      store<u32>(r + i + j, <u32>carry);
      carry >>= 32;
    }
    store<u32>(r + i + end, <u32>carry);
  }
}

/**
 * r = a / word mod 2^(32k), for odd `word` with `inverse` = word^-1 mod 2^32. The value returned is 0 exactly if word divides a, and then r is
 * the true quotient. For a number in two's complement use it only where the division is known to be exact.
 */
export function divideExactWord(r: usize, a: usize, word: u32, inverse: u32, k: i32): u32 {
  let borrow: u64 = 0;
  for (let i: usize = 0, end = (<usize>k) << 2; i < end; i += 4) {
    const limb = <u64>load<u32>(a + i) - borrow;
    const digit = <u32>limb * inverse;
    store<u32>(r + i, digit);
    borrow = ((<u64>digit * <u64>word) >> 32) + (limb >> 63);
  }
  return <u32>borrow;
}

/** The limbs of a without leading zeros, at least 1. */
export function limbsUsed(a: usize, k: i32): i32 {
  let used = k;
  while (used > 1 && load<u32>(a + ((<usize>(used - 1)) << 2)) == 0) used--;
  return used;
}

/** The number of bits of a; 0 for 0. */
export function bitLength(a: usize, k: i32): i32 {
  for (let i = k - 1; i >= 0; i--) {
    const limb = load<u32>(a + ((<usize>i) << 2));
    if (limb != 0) return 32 * i + 32 - <i32>clz(limb);
  }
  return 0;
}

/** @inline */
export function bit(a: usize, index: i32): u32 {
  return (load<u32>(a + ((<usize>(index >> 5)) << 2)) >> (index & 31)) & 1;
}

/** How often 2 divides a, which is not 0. */
export function trailingZeros(a: usize): i32 {
  let i: usize = 0;
  while (load<u32>(a + i) == 0) i += 4;
  return <i32>(i << 3) + <i32>ctz(load<u32>(a + i));
}

/** a mod d for 1 <= d < 2^32. */
export function remainderWord(a: usize, d: u64, k: i32): u32 {
  let rest: u64 = 0;
  for (let i = (<usize>(k - 1)) << 2; <isize>i >= 0; i -= 4)
    rest = ((rest << 32) | <u64>load<u32>(a + i)) % d;
  return <u32>rest;
}

/** Removes all factors of 2; a is not 0. */
export function makeOdd(a: usize, k: i32): void {
  while (load<u32>(a) == 0) {
    copy(a, a + 4, k - 1);
    store<u32>(a + ((<usize>(k - 1)) << 2), 0);
  }
  const shift = ctz(load<u32>(a));
  if (shift != 0) shiftRight(a, shift, 0, k);
}

/** a = gcd(a, b), destroying b, for odd b. Stein's binary algorithm: O(k²). */
export function gcdInto(a: usize, b: usize, k: i32): void {
  if (isZero(a, k)) {
    copy(a, b, k);
    return;
  }
  makeOdd(a, k);
  let x = a;
  let y = b;
  let length = k; // Upper limbs that became zero in both are left out.
  for (;;) {
    while (
      length > 1 &&
      (load<u32>(x + ((<usize>(length - 1)) << 2)) | load<u32>(y + ((<usize>(length - 1)) << 2))) == 0
    )
      length--;
    const order = compare(x, y, length);
    if (order == 0) break;
    if (order < 0) {
      const swap = x;
      x = y;
      y = swap;
    }
    sub(x, x, y, length);
    makeOdd(x, length);
  }
  if (x != a) copy(a, x, k);
}
