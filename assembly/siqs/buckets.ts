/**
 * Primes greater than the interval, for eight polynomials of a Gray code at once (bucket sieve: Aoki and Ueda 2004).
 *
 * Such a prime strikes a polynomial once for a root or not at all. Its roots stay in registers while they move through the eight
 * polynomials, and each strike is put down as a position in the bucket of its polynomial. When the polynomial's turn comes, its
 * strikes are carried out. A slice is a run of primes with one logarithm; where its strikes end in each bucket is kept, so that
 * the few primes that may have struck at a report can be told again.
 *
 * Within eight polynomials, the first of which has a Gray index divisible by 8, the signs of B_0, B_1, B_0, B_2, B_0, B_1, B_0
 * change; only the direction in which B_2 changes depends on the index. So with offset 0 for the first, the roots of polynomial
 * k have moved by the sum of those deltas that have a bit set in the Gray code of k.
 *
 * Invariant: behind its limit a bucket has room for all strikes that a slice can have. Strikes that end behind the limit are
 * forgotten: that costs relations, but no memory that is not the bucket's.
 */
import {
  BASE_PADDED,
  BATCH_INDEX,
  BUCKETS,
  BUCKET_BYTES,
  BUCKET_ENDS,
  BUCKET_FROM,
  BUCKET_SPARE,
  COMPRESS,
  DELTAS,
  GRAY_INDEX,
  INTERVAL,
  LOGS,
  PRIMES,
  ROOTS_1,
  ROOTS_2,
  SIEVE,
  SLICES,
  SLICE_BYTES,
  SLICE_COUNT,
  SLICE_PRIMES,
} from '../../src/kernel/siqs-header';
import { field, setField } from './header';
import { strike } from './strike';

/** Polynomials that are filled at once. */
export const BATCH: u32 = 8;
/** Offset in a slice of the ends of its strikes. */
const ENDS: u32 = 16;

/** A slice: the index of its first prime, that behind its last, the logarithm, then where its strikes end in each bucket. */
function sliceAt(slice: u32): u32 {
  return field(SLICES) + slice * SLICE_BYTES;
}

function bucketAt(k: u32): u32 {
  return field(BUCKETS) + k * field(BUCKET_BYTES);
}

/** Where the strikes of a slice end in bucket `k`, and where they begin. */
function endAt(slice: u32, k: u32): u32 {
  return load<u32>(sliceAt(slice) + ENDS + (k << 2));
}

function beginAt(slice: u32, k: u32): u32 {
  return slice == 0 ? bucketAt(k) : endAt(slice - 1, k);
}

/** Parts the primes from BUCKET_FROM on into slices; needs their logarithms. A group of four has that of its first prime. */
export function layOutSlices(): void {
  const padded = field(BASE_PADDED);
  const logs = field(LOGS);
  let count: u32 = 0;
  for (let from = field(BUCKET_FROM); from < padded;) {
    const log = load<u8>(logs + from);
    let to = from + 4;
    while (to < padded && to - from < <u32>SLICE_PRIMES && load<u8>(logs + to) == log) to += 4;
    const slice = sliceAt(count++);
    store<u32>(slice, from);
    store<u32>(slice, to, 4);
    store<u32>(slice, log, 8);
    from = to;
  }
  setField(SLICE_COUNT, count);
  if (count != 0) tabulateCompress();
}

/** For each set of 8 lanes of 16 bits, those to be left out: the bytes of the others in order; what follows does not matter. */
function tabulateCompress(): void {
  for (let set: u32 = 0; set < 256; set++) {
    let at = COMPRESS + (set << 4);
    for (let lane: u32 = 0; lane < 8; lane++) {
      if ((set >> lane) & 1) continue;
      store<u16>(at, <u16>(0x0100 + 0x0202 * lane));
      at += 2;
    }
  }
}

/**
 * Fills the buckets of the polynomials `index` to `index` + 7, where ROOTS are those of the first, and leaves the roots of the
 * polynomial that comes after them. `index` is divisible by 8.
 */
export function fillBuckets(index: u32): void {
  setField(BATCH_INDEX, index);
  const limit = field(BUCKET_BYTES) - BUCKET_SPARE;
  const slices = field(SLICE_COUNT);
  for (let k: u32 = 0; k < BATCH; k++) store<u32>(BUCKET_ENDS + (k << 2), bucketAt(k));
  for (let slice: u32 = 0; slice < slices; slice++) {
    const at = sliceAt(slice);
    fillSlice(load<u32>(at) << 2, load<u32>(at, 4) << 2, index);
    for (let k: u32 = 0; k < BATCH; k++) {
      const end = BUCKET_ENDS + (k << 2);
      if (load<u32>(end) > bucketAt(k) + limit) store<u32>(end, beginAt(slice, k));
    }
    memory.copy(at + ENDS, BUCKET_ENDS, BATCH << 2);
  }
}

/** The address of the deltas by which the roots move after the eight polynomials from `index` on. */
function deltasAfter(index: u32): u32 {
  return field(DELTAS) + ((ctz(index + BATCH) * field(BASE_PADDED)) << 2);
}

/** All bits set if these deltas are to be subtracted, for the polynomial after the eight, or for the fifth of them. */
function signAfter(index: u32): v128 {
  const next = index + BATCH;
  return i32x4.splat(-(((next >> (ctz(next) + 1)) & 1) as i32));
}

function signWithin(index: u32): v128 {
  return i32x4.splat(-(((index >> 3) & 1) as i32));
}

/** Bytes `from` to `to` of the arrays. */
function fillSlice(from: u32, to: u32, index: u32): void {
  const stride = field(BASE_PADDED) << 2;
  const primes = field(PRIMES);
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const deltas0 = field(DELTAS);
  const deltas1 = deltas0 + stride;
  const deltas2 = deltas1 + stride;
  const deltasNext = deltasAfter(index);
  const sign2 = signWithin(index);
  const signNext = signAfter(index);
  const limit = i16x8.splat(<i16>min(field(INTERVAL), 0xffff));
  for (let at = from; at < to; at += 16) {
    const p = v128.load(primes + at);
    const d0 = v128.load(deltas0 + at);
    const d1 = v128.load(deltas1 + at);
    const d2 = turn(v128.load(deltas2 + at), p, sign2);
    let x = v128.load(roots1 + at);
    let y = v128.load(roots2 + at);
    put(0, x, y, limit);
    x = addModulo(x, d0, p);
    y = addModulo(y, d0, p);
    put(1, x, y, limit);
    x = addModulo(x, d1, p);
    y = addModulo(y, d1, p);
    put(2, x, y, limit);
    x = subtractModulo(x, d0, p);
    y = subtractModulo(y, d0, p);
    put(3, x, y, limit);
    x = addModulo(x, d2, p);
    y = addModulo(y, d2, p);
    put(4, x, y, limit);
    x = addModulo(x, d0, p);
    y = addModulo(y, d0, p);
    put(5, x, y, limit);
    x = subtractModulo(x, d1, p);
    y = subtractModulo(y, d1, p);
    put(6, x, y, limit);
    x = subtractModulo(x, d0, p);
    y = subtractModulo(y, d0, p);
    put(7, x, y, limit);
    const next = turn(v128.load(deltasNext + at), p, signNext);
    v128.store(roots1 + at, addModulo(x, next, p));
    v128.store(roots2 + at, addModulo(y, next, p));
  }
}

/** a + b modulo p. @inline */
function addModulo(a: v128, b: v128, p: v128): v128 {
  const sum = i32x4.add(a, b);
  return i32x4.min_u(sum, i32x4.sub(sum, p));
}

/** a − b modulo p. @inline */
function subtractModulo(a: v128, b: v128, p: v128): v128 {
  const difference = i32x4.sub(a, b);
  return i32x4.min_u(difference, i32x4.add(difference, p));
}

/** d, or p − d where all bits of `sign` are set. @inline */
function turn(d: v128, p: v128, sign: v128): v128 {
  return v128.bitselect(i32x4.sub(p, d), d, sign);
}

/**
 * Puts down in bucket `k` those of eight roots that are below `limit`, without a branch. A root that 16 bits cannot hold becomes
 * the greatest number that they can: so the last of 65,536 positions is never struck.
 * @inline
 */
function put(k: u32, x: v128, y: v128, limit: v128): void {
  const positions = i16x8.narrow_i32x4_u(x, y);
  const misses = <u32>i16x8.bitmask(i16x8.eq(i16x8.min_u(positions, limit), limit));
  const end = load<u32>(BUCKET_ENDS + (k << 2));
  v128.store(end, i8x16.swizzle(positions, v128.load((misses << 4) + COMPRESS)));
  store<u32>(BUCKET_ENDS + (k << 2), end + 16 - (popcnt(misses) << 1));
}

/** Which of the eight polynomials is being sieved. */
export function currentOfBatch(): u32 {
  return (field(GRAY_INDEX) - 1) & (BATCH - 1);
}

/** Carries out the strikes of polynomial `k` of the eight. */
export function strikeBucket(k: u32): void {
  const sieve = field(SIEVE);
  const slices = field(SLICE_COUNT);
  for (let slice: u32 = 0; slice < slices; slice++) {
    const log = <u8>load<u32>(sliceAt(slice), 8);
    const end = endAt(slice, k);
    let at = beginAt(slice, k);
    for (; at + 16 <= end; at += 16) {
      strike(sieve + load<u16>(at), log);
      strike(sieve + load<u16>(at, 2), log);
      strike(sieve + load<u16>(at, 4), log);
      strike(sieve + load<u16>(at, 6), log);
      strike(sieve + load<u16>(at, 8), log);
      strike(sieve + load<u16>(at, 10), log);
      strike(sieve + load<u16>(at, 12), log);
      strike(sieve + load<u16>(at, 14), log);
    }
    for (; at < end; at += 2) strike(sieve + load<u16>(at), log);
  }
}

/**
 * Writes the indices, in the base, of the primes that strike polynomial `k` of the eight at `position`, to `list`; their number.
 */
export function listStrikes(k: u32, position: u32, list: u32): u32 {
  const slices = field(SLICE_COUNT);
  const x = i16x8.splat(<i16>position);
  let count: u32 = 0;
  for (let slice: u32 = 0; slice < slices; slice++) {
    const end = endAt(slice, k);
    for (let at = beginAt(slice, k); at < end; at += 16) {
      if (!v128.any_true(i16x8.eq(v128.load(at), x))) continue;
      count = listPrimes(slice, k, position, list, count);
      break;
    }
  }
  return count;
}

/** Adds to `list` the primes of a slice that have a root at `position`: the roots are found again from those after the eight. */
function listPrimes(slice: u32, k: u32, position: u32, list: u32, count: u32): u32 {
  const index = field(BATCH_INDEX);
  const stride = field(BASE_PADDED) << 2;
  const primes = field(PRIMES);
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const deltas = field(DELTAS);
  const deltasNext = deltasAfter(index);
  const gray = k ^ (k >> 1);
  const sign2 = signWithin(index);
  const signNext = signAfter(index);
  const target = i32x4.splat(position);
  const to = load<u32>(sliceAt(slice), 4) << 2;
  for (let at = load<u32>(sliceAt(slice)) << 2; at < to; at += 16) {
    const p = v128.load(primes + at);
    const d2 = turn(v128.load(deltas + 2 * stride + at), p, sign2);
    let back = addModulo(d2, turn(v128.load(deltasNext + at), p, signNext), p);
    if (gray & 1) back = subtractModulo(back, v128.load(deltas + at), p);
    if (gray & 2) back = subtractModulo(back, v128.load(deltas + stride + at), p);
    if (gray & 4) back = subtractModulo(back, d2, p);
    const x = subtractModulo(v128.load(roots1 + at), back, p);
    const y = subtractModulo(v128.load(roots2 + at), back, p);
    for (let set = i32x4.bitmask(v128.or(i32x4.eq(x, target), i32x4.eq(y, target))); set != 0; set &= set - 1)
      store<u32>(list + (count++ << 2), (at >> 2) + <u32>ctz(set));
  }
  return count;
}
