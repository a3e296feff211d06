/**
 * Montgomery arithmetic on 4 residues at once, one in each 32-bit lane, modulo the job's odd n: what runs 4 curves side by side.
 *
 * Limbs are short, of 28 bits (26 where a number has too many for the sums of their products), so that a column of products
 * is added up in 64 bits without a carry. R = 2^(radix bits · limbs) is at least 64·n.
 *
 * Residues are not reduced further than a product leaves them: every operand of `laneMul` is a product or the sum or the
 * difference of two, whose limbs are below 2^29 (2^27) in absolute value and whose value is below 2.3·n. A product then lies
 * between -0.1·n and 1.1·n, and all its limbs but the upper are in [0, 2^28) ([0, 2^26)). So sums and differences take no
 * carry, no comparison and no correction.
 *
 * Columns are shifted right as unsigned numbers: the bias of 2^62 keeps them positive and is a multiple of all that is read.
 */
import { SCRATCH, SLOT_BYTES } from '../layout';
import { addMod, limbs, montMul, N, ONE } from './modulus';
import { bitLength, compare, copy, setWord, sub } from './natural';
import { oddInverse } from './odd-inverse';
import {
  BIAS,
  BIAS_FIRST,
  LANE_LIMBS,
  LANE_N,
  LANE_ONE,
  LANE_R_SQUARED,
  LANE_RADIX_BITS,
  MASK,
  MINUS_INVERSE,
} from './lane-layout';
import {
  laneMulTwoUnrolled,
  laneMulUnrolled,
  UNROLLED_LIMBS_MAX,
  UNROLLED_LIMBS_MIN,
  UNROLLED_RADIX_BITS,
} from './lanes-unrolled';

const LONG_RADIX_BITS: i32 = 26;
/** Bits by which R exceeds n at least. */
const ROOM_BITS: i32 = 6;

const POWER: usize = SCRATCH + 6 * SLOT_BYTES;
const UNIT: usize = SCRATCH + 7 * SLOT_BYTES;
/** The factors m of the reduction, for the product that is not unrolled. */
const QUOTIENTS: usize = SCRATCH + 16 * SLOT_BYTES;

/** @inline */
export function laneLimbs(): i32 {
  return load<i32>(LANE_LIMBS);
}

/** Takes the modulus of `modulus.ts` for all lanes. */
export function setLanes(): void {
  const bits = bitLength(N, limbs()) + ROOM_BITS;
  let radix = UNROLLED_RADIX_BITS;
  let k = max((bits + radix - 1) / radix, UNROLLED_LIMBS_MIN);
  if (k > UNROLLED_LIMBS_MAX) {
    radix = LONG_RADIX_BITS;
    k = (bits + radix - 1) / radix;
  }
  store<i32>(LANE_LIMBS, k);
  store<i32>(LANE_RADIX_BITS, radix);
  const mask = ((<u32>1) << radix) - 1;
  store<v128>(MASK, i32x4.splat(mask));
  store<v128>(BIAS_FIRST, i64x2.splat((<i64>1) << 62));
  store<v128>(BIAS, i64x2.splat(((<i64>1) << 62) - ((<i64>1) << (62 - radix))));
  store<v128>(MINUS_INVERSE, i32x4.splat((0 - oddInverse(load<u32>(N))) & mask));
  for (let lane = 0; lane < 4; lane++) setLane(LANE_N, lane, N);

  // 2^e mod n for R² = 2^e, by squaring and doubling residues, then out of Montgomery form.
  const exponent = <u32>(2 * radix * k);
  copy(POWER, ONE, limbs());
  for (let i = 31 - <i32>clz(exponent); i >= 0; i--) {
    montMul(POWER, POWER, POWER);
    if ((exponent >> i) & 1) addMod(POWER, POWER, POWER);
  }
  setWord(UNIT, 1, limbs());
  montMul(POWER, POWER, UNIT);
  for (let lane = 0; lane < 4; lane++) setLane(LANE_R_SQUARED, lane, POWER);
  setLanesToWord(LANE_ONE, 1);
}

/** Writes the number at `source`, in [0, n) and of as many limbs of 32 bits as n, into one lane of r. */
export function setLane(r: usize, lane: i32, source: usize): void {
  const k = laneLimbs();
  const words = limbs();
  const radix = load<i32>(LANE_RADIX_BITS);
  const mask = ((<u32>1) << radix) - 1;
  let at = r + ((<usize>lane) << 2);
  for (let i = 0, bit = 0; i < k; i++, bit += radix, at += 16) {
    const word = bit >> 5;
    const low = word < words ? <u64>load<u32>(source + ((<usize>word) << 2)) : 0;
    const high = word + 1 < words ? <u64>load<u32>(source + ((<usize>word) << 2), 4) : 0;
    store<u32>(at, <u32>(((high << 32) | low) >> (bit & 31)) & mask);
  }
}

/** r = the residue of a word below 2^32 in all lanes. */
export function setLanesToWord(r: usize, word: u32): void {
  for (let lane = 0; lane < 4; lane++) setLaneToWord(r, lane, word);
  laneMul(r, r, LANE_R_SQUARED);
}

/** Writes a word below 2^32 as a number, not as a residue, into one lane of r. */
export function setLaneToWord(r: usize, lane: i32, word: u32): void {
  const radix = load<i32>(LANE_RADIX_BITS);
  const at = r + ((<usize>lane) << 2);
  store<u32>(at, word & (((<u32>1) << radix) - 1));
  store<u32>(at, word >> radix, 16);
  for (let i: usize = 2, k = <usize>laneLimbs(); i < k; i++) store<u32>(at + (i << 4), 0);
}

/** r, of as many limbs of 32 bits as n, = the number in [0, n) that one lane of a stands for, still in the lanes' Montgomery form. */
export function getLane(r: usize, a: usize, lane: i32): void {
  const k = laneLimbs();
  const words = limbs();
  const radix = load<i32>(LANE_RADIX_BITS);
  const mask = ((<u32>1) << radix) - 1;
  let pending: u64 = 0;
  let pendingBits = 0;
  let word = 0;
  let carry: i32 = 0;
  for (let i = 0; i < k; i++) {
    const offset = ((<usize>i) << 4) + ((<usize>lane) << 2);
    // n is added, which makes the sum positive.
    const sum = load<i32>(a + offset) + load<i32>(LANE_N + offset) + carry;
    pending |= (<u64>(<u32>sum & mask)) << pendingBits;
    pendingBits += radix;
    carry = sum >> radix;
    if (pendingBits < 32 || word == words) continue;
    store<u32>(r + ((<usize>word) << 2), <u32>pending);
    word++;
    pending >>= 32;
    pendingBits -= 32;
  }
  for (; word < words; word++, pending >>= 32) store<u32>(r + ((<usize>word) << 2), <u32>pending);
  let top = pending;
  while (top != 0 || compare(r, N, words) >= 0) top -= sub(r, r, N, words);
}

/** r = a·b/R mod n. r may be a or b. */
export function laneMul(r: usize, a: usize, b: usize): void {
  const k = laneLimbs();
  if (!laneMulUnrolled(k, r, a, b)) laneMulLong(k, r, a, b);
}

/** r = a·b/R and s = c·d/R mod n, hardly slower than one of them. r is none of c and d; r may be a or b, and s may be c or d. */
export function laneMulTwo(r: usize, a: usize, b: usize, s: usize, c: usize, d: usize): void {
  const k = laneLimbs();
  if (laneMulTwoUnrolled(k, r, a, b, s, c, d)) return;
  laneMulLong(k, r, a, b);
  laneMulLong(k, s, c, d);
}

/** Column by column; each is stored when no operand's limb of its index is needed any more, or r could not be a or b. */
function laneMulLong(k: i32, r: usize, a: usize, b: usize): void {
  const mask = load<v128>(MASK);
  const bias = load<v128>(BIAS);
  const minusInverse = load<v128>(MINUS_INVERSE);
  const end = (<usize>k) << 4;
  let low = load<v128>(BIAS_FIRST);
  let high = low;
  for (let column: usize = 0; column < end; column += 16) {
    let y = b + column;
    let n = LANE_N + column;
    for (let i: usize = 0; i < column; i += 16, y -= 16, n -= 16) {
      const ai = load<v128>(a + i);
      const bj = load<v128>(y);
      const mi = load<v128>(QUOTIENTS + i);
      const nj = load<v128>(n);
      low = i64x2.add(low, i64x2.extmul_low_i32x4_s(ai, bj));
      high = i64x2.add(high, i64x2.extmul_high_i32x4_s(ai, bj));
      low = i64x2.add(low, i64x2.extmul_low_i32x4_s(mi, nj));
      high = i64x2.add(high, i64x2.extmul_high_i32x4_s(mi, nj));
    }
    const ai = load<v128>(a + column);
    const b0 = load<v128>(b);
    low = i64x2.add(low, i64x2.extmul_low_i32x4_s(ai, b0));
    high = i64x2.add(high, i64x2.extmul_high_i32x4_s(ai, b0));
    const m = v128.and(i32x4.mul(v128.shuffle<u32>(low, high, 0, 2, 4, 6), minusInverse), mask);
    store<v128>(QUOTIENTS + column, m);
    const n0 = load<v128>(LANE_N);
    low = i64x2.add(low, i64x2.extmul_low_i32x4_s(m, n0));
    high = i64x2.add(high, i64x2.extmul_high_i32x4_s(m, n0));
    low = i64x2.add(i64x2.shr_u(low, LONG_RADIX_BITS), bias);
    high = i64x2.add(i64x2.shr_u(high, LONG_RADIX_BITS), bias);
  }
  // The quotients up to the column's index are used up by then: their place takes the result, until all of it is there.
  for (let column: usize = 16; column < end; column += 16) {
    let y = b + end - 16;
    let n = LANE_N + end - 16;
    for (let i = column; i < end; i += 16, y -= 16, n -= 16) {
      const ai = load<v128>(a + i);
      const bj = load<v128>(y);
      const mi = load<v128>(QUOTIENTS + i);
      const nj = load<v128>(n);
      low = i64x2.add(low, i64x2.extmul_low_i32x4_s(ai, bj));
      high = i64x2.add(high, i64x2.extmul_high_i32x4_s(ai, bj));
      low = i64x2.add(low, i64x2.extmul_low_i32x4_s(mi, nj));
      high = i64x2.add(high, i64x2.extmul_high_i32x4_s(mi, nj));
    }
    store<v128>(QUOTIENTS + column - 16, v128.and(v128.shuffle<u32>(low, high, 0, 2, 4, 6), mask));
    low = i64x2.add(i64x2.shr_u(low, LONG_RADIX_BITS), bias);
    high = i64x2.add(i64x2.shr_u(high, LONG_RADIX_BITS), bias);
  }
  for (let i: usize = 0; i < end - 16; i += 16) store<v128>(r + i, load<v128>(QUOTIENTS + i));
  store<v128>(r + end - 16, v128.shuffle<u32>(low, high, 0, 2, 4, 6));
}

/** r = a + b. Both are products. r may be a or b. */
export function laneAdd(r: usize, a: usize, b: usize): void {
  for (let i: usize = 0, end = (<usize>laneLimbs()) << 4; i < end; i += 16)
    store<v128>(r + i, i32x4.add(load<v128>(a + i), load<v128>(b + i)));
}

/** r = a - b. Both are products. r may be a or b. */
export function laneSub(r: usize, a: usize, b: usize): void {
  for (let i: usize = 0, end = (<usize>laneLimbs()) << 4; i < end; i += 16)
    store<v128>(r + i, i32x4.sub(load<v128>(a + i), load<v128>(b + i)));
}

/** sum = a + b and difference = a - b. Both are products, and neither is a result. */
export function laneSumAndDifference(sum: usize, difference: usize, a: usize, b: usize): void {
  for (let i: usize = 0, end = (<usize>laneLimbs()) << 4; i < end; i += 16) {
    const x = load<v128>(a + i);
    const y = load<v128>(b + i);
    store<v128>(sum + i, i32x4.add(x, y));
    store<v128>(difference + i, i32x4.sub(x, y));
  }
}

export function laneCopy(r: usize, a: usize): void {
  for (let i: usize = 0, end = (<usize>laneLimbs()) << 4; i < end; i += 16)
    store<v128>(r + i, load<v128>(a + i));
}
