/**
 * Sums of products of residues that are reduced once, in SIMD, for long moduli: what products in Z[ζ]/(n) are made of.
 *
 * Numbers stand here in limbs of 26 bits, u32 each, between zeros, so that four columns of a product are added up at a time in
 * 64 bits without a carry ("product scanning"). A *column sum* is 2·K signed 64-bit columns of which column i counts 2^(26·i).
 * The Montgomery radix is R = 2^(26·K), at least 2^16·n.
 *
 * Bounds: limbs are below 2^26, or 2^27 doubled; a column sum takes products up to a total of SUM_MAX limb products.
 */
import { PRIMALITY, SCRATCH, SLOT_BYTES } from '../layout';
import { limbs, N } from '../arithmetic/modulus';
import { add, bitLength, compare, sub } from '../arithmetic/natural';
import { oddInverse } from '../arithmetic/odd-inverse';

const RADIX_BITS: i32 = 26;
const MASK: u32 = 0x3ffffff;
const ROOM_BITS: i32 = 16;
/** Zeros on either side of a number, in bytes: what a vector of four limbs may reach over. */
const MARGIN: usize = 16;
/** 2^10 products of 52 bits leave two bits for the sign, and for what the reduction adds. */
export const SUM_MAX: i32 = 1024;

/** n in limbs, with its margins. */
const LONG_N: usize = PRIMALITY + 0xc00;
const SHORT: usize = SCRATCH + 11 * SLOT_BYTES;

/** The limbs of residues: K. */
export function longLimbs(): i32 {
  return (bitLength(N, limbs()) + ROOM_BITS + RADIX_BITS - 1) / RADIX_BITS;
}

/** R = 2^this. */
export function longRadixBits(k: i32): i32 {
  return RADIX_BITS * k;
}

/** Bytes of a number with its margins, K rounded up to whole vectors. */
export function longBytes(k: i32): usize {
  return ((<usize>((k + 3) & ~3)) << 2) + 2 * MARGIN;
}

/** Bytes of a column sum. */
export function sumBytes(k: i32): usize {
  return (<usize>((2 * k + 7) & ~3)) << 3;
}

/** Prepares the job's modulus for `reduceSum`, until another is set. */
export function setLongModulus(k: i32): void {
  unpack(LONG_N, N, k, 0);
}

/** Writes the number of the job's limbs at `source`, times 2^shift for a shift of 0 or 1, as K limbs at r, with margins. */
export function unpack(r: usize, source: usize, k: i32, shift: u32): void {
  const words = limbs();
  store<u64>(r, 0);
  store<u64>(r, 0, 8);
  let at = r + MARGIN;
  for (let i = 0, bit = 0; i < k; i++, bit += RADIX_BITS, at += 4) {
    const word = bit >> 5;
    const low = word < words ? <u64>load<u32>(source + ((<usize>word) << 2)) : 0;
    const high = word + 1 < words ? <u64>load<u32>(source + ((<usize>word) << 2), 4) : 0;
    store<u32>(at, (<u32>(((high << 32) | low) >> (bit & 31)) & MASK) << shift);
  }
  for (const end = r + longBytes(k); at < end; at += 4) store<u32>(at, 0);
}

export function clearSum(sum: usize, k: i32): void {
  memory.fill(sum, 0, sumBytes(k));
}

/** sum += a·b. */
export function addProduct(sum: usize, a: usize, b: usize, k: i32): void {
  const first = a + MARGIN;
  const second = b + MARGIN;
  for (let column = 0; column < 2 * k; column += 4) {
    const at = sum + ((<usize>column) << 3);
    let low = v128.load(at);
    let high = v128.load(at, 16);
    // Limb i of a meets the limbs from column - i on of b, of which the margins give zeros.
    const from = max(0, column - k + 1);
    const to = min(k - 1, column + 3);
    let x = first + ((<usize>from) << 2);
    const end = first + ((<usize>to) << 2);
    let y = second + ((<usize>column - <usize>from) << 2);
    for (; x <= end; x += 4, y -= 4) {
      const limb = v128.load32_splat(x);
      const four = v128.load(y);
      low = i64x2.add(low, i64x2.extmul_low_i32x4_u(limb, four));
      high = i64x2.add(high, i64x2.extmul_high_i32x4_u(limb, four));
    }
    v128.store(at, low);
    v128.store(at, high, 16);
  }
}

/** sum -= other. */
export function subtractSum(sum: usize, other: usize, k: i32): void {
  for (let i: usize = 0, end = sumBytes(k); i < end; i += 16)
    v128.store(sum + i, i64x2.sub(v128.load(sum + i), v128.load(other + i)));
}

/** r = sum/R mod n, in [0, n), of as many limbs as n; destroys the sum, which is below 2^12·n² in absolute value. */
export function reduceSum(r: usize, sum: usize, k: i32): void {
  const minusInverse = 0 - oddInverse(load<u32>(LONG_N + MARGIN));
  const modulusEnd = LONG_N + MARGIN + ((<usize>k) << 2);
  let at = sum;
  for (let i = 0; i < k; i++, at += 8) {
    const factor = v128.splat<u32>((<u32>load<i64>(at) * minusInverse) & MASK);
    let column = at;
    for (let n = LONG_N + MARGIN; n < modulusEnd; n += 16, column += 32) {
      const four = v128.load(n);
      v128.store(column, i64x2.add(v128.load(column), i64x2.extmul_low_i32x4_u(factor, four)));
      v128.store(column, i64x2.add(v128.load(column, 16), i64x2.extmul_high_i32x4_u(factor, four)), 16);
    }
    store<i64>(at, load<i64>(at, 8) + (load<i64>(at) >> RADIX_BITS), 8);
  }
  pack(r, at, k);
}

/** r = the number of K signed columns, which is above -n and below 2·n, in [0, n). */
function pack(r: usize, columns: usize, k: i32): void {
  const words = limbs();
  // Carries first: the limbs are then in [0, 2^26), and what is left over is the sign.
  let carry: i64 = 0;
  let at = SHORT;
  let pending: u64 = 0;
  let pendingBits: u32 = 0;
  for (let i = 0, word = 0; word <= words; i++) {
    if (i < k) carry += load<i64>(columns + ((<usize>i) << 3));
    pending |= (<u64>carry & <u64>MASK) << pendingBits;
    carry >>= RADIX_BITS;
    pendingBits += RADIX_BITS;
    if (pendingBits < 32) continue;
    store<u32>(at, <u32>pending);
    at += 4;
    word++;
    pending >>= 32;
    pendingBits -= 32;
  }
  // One limb more than n has: all ones if the number is negative.
  const top = load<i32>(SHORT + ((<usize>words) << 2));
  if (top < 0) add(r, SHORT, N, words);
  else if (top > 0 || compare(SHORT, N, words) >= 0) sub(r, SHORT, N, words);
  else
    for (let i: usize = 0, end = (<usize>words) << 2; i < end; i += 4)
      store<u32>(r + i, load<u32>(SHORT + i));
}
