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
/** The sign bit of a lane of 16 bits; no interval that is sieved by buckets is shorter. */
const SIGN: u32 = 0x8000;
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

/** Parts the primes from BUCKET_FROM on into slices; needs their logarithms. A group of eight has that of its first prime. */
export function layOutSlices(): void {
  const padded = field(BASE_PADDED);
  const logs = field(LOGS);
  let count: u32 = 0;
  for (let from = field(BUCKET_FROM); from < padded;) {
    const log = load<u8>(logs + from);
    let to = from + 8;
    while (to < padded && to - from < <u32>SLICE_PRIMES && load<u8>(logs + to) == log) to += 8;
    const slice = sliceAt(count++);
    store<u32>(slice, from);
    store<u32>(slice, to, 4);
    store<u32>(slice, log, 8);
    from = to;
  }
  setField(SLICE_COUNT, count);
  if (count != 0) tabulateCompress();
}

/** For each set of 8 lanes of 16 bits, the bytes of these lanes in order; what follows them does not matter. */
function tabulateCompress(): void {
  for (let set: u32 = 0; set < 256; set++) {
    let at = COMPRESS + (set << 4);
    for (let lane: u32 = 0; lane < 8; lane++) {
      if (((set >> lane) & 1) == 0) continue;
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
    v128.store(at + ENDS, v128.load(BUCKET_ENDS));
    v128.store(at + ENDS, v128.load(BUCKET_ENDS, 16), 16);
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
  const beyond = i16x8.splat(<i16>(min(field(INTERVAL), 0xffff) - SIGN));
  for (let at = from; at < to; at += 32) {
    const p = v128.load(primes + at);
    const q = v128.load(primes + at, 16);
    let x = v128.load(roots1 + at);
    let y = v128.load(roots2 + at);
    let u = v128.load(roots1 + at, 16);
    let v = v128.load(roots2 + at, 16);
    put(0, x, y, u, v, beyond);
    x = addModulo(x, v128.load(deltas0 + at), p);
    y = addModulo(y, v128.load(deltas0 + at), p);
    u = addModulo(u, v128.load(deltas0 + at, 16), q);
    v = addModulo(v, v128.load(deltas0 + at, 16), q);
    put(1, x, y, u, v, beyond);
    x = addModulo(x, v128.load(deltas1 + at), p);
    y = addModulo(y, v128.load(deltas1 + at), p);
    u = addModulo(u, v128.load(deltas1 + at, 16), q);
    v = addModulo(v, v128.load(deltas1 + at, 16), q);
    put(2, x, y, u, v, beyond);
    x = subtractModulo(x, v128.load(deltas0 + at), p);
    y = subtractModulo(y, v128.load(deltas0 + at), p);
    u = subtractModulo(u, v128.load(deltas0 + at, 16), q);
    v = subtractModulo(v, v128.load(deltas0 + at, 16), q);
    put(3, x, y, u, v, beyond);
    const d2 = turn(v128.load(deltas2 + at), p, sign2);
    const e2 = turn(v128.load(deltas2 + at, 16), q, sign2);
    x = addModulo(x, d2, p);
    y = addModulo(y, d2, p);
    u = addModulo(u, e2, q);
    v = addModulo(v, e2, q);
    put(4, x, y, u, v, beyond);
    x = addModulo(x, v128.load(deltas0 + at), p);
    y = addModulo(y, v128.load(deltas0 + at), p);
    u = addModulo(u, v128.load(deltas0 + at, 16), q);
    v = addModulo(v, v128.load(deltas0 + at, 16), q);
    put(5, x, y, u, v, beyond);
    x = subtractModulo(x, v128.load(deltas1 + at), p);
    y = subtractModulo(y, v128.load(deltas1 + at), p);
    u = subtractModulo(u, v128.load(deltas1 + at, 16), q);
    v = subtractModulo(v, v128.load(deltas1 + at, 16), q);
    put(6, x, y, u, v, beyond);
    x = subtractModulo(x, v128.load(deltas0 + at), p);
    y = subtractModulo(y, v128.load(deltas0 + at), p);
    u = subtractModulo(u, v128.load(deltas0 + at, 16), q);
    v = subtractModulo(v, v128.load(deltas0 + at, 16), q);
    put(7, x, y, u, v, beyond);
    const next = turn(v128.load(deltasNext + at), p, signNext);
    const last = turn(v128.load(deltasNext + at, 16), q, signNext);
    v128.store(roots1 + at, addModulo(x, next, p));
    v128.store(roots2 + at, addModulo(y, next, p));
    v128.store(roots1 + at, addModulo(u, last, q), 16);
    v128.store(roots2 + at, addModulo(v, last, q), 16);
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
 * Puts down in bucket `k` those of sixteen roots that are within the interval, without a branch: a position less `beyond` has its
 * sign bit set if it is not. A root that 16 bits cannot hold becomes the greatest number that they can: so the last of 65,536
 * positions is never struck.
 * @inline
 */
function put(k: u32, x: v128, y: v128, u: v128, v: v128, beyond: v128): void {
  const first = i16x8.narrow_i32x4_u(x, y);
  const second = i16x8.narrow_i32x4_u(u, v);
  const signs = i8x16.narrow_i16x8_s(i16x8.sub_sat_u(first, beyond), i16x8.sub_sat_u(second, beyond));
  const hits = <u32>i8x16.bitmask(signs) ^ 0xffff;
  const end = load<u32>(BUCKET_ENDS + (k << 2));
  v128.store(end, i8x16.swizzle(first, v128.load((hits << 4) & 0xff0, COMPRESS)));
  const middle = end + (popcnt(hits & 0xff) << 1);
  v128.store(middle, i8x16.swizzle(second, v128.load((hits >> 4) & 0xff0, COMPRESS)));
  store<u32>(BUCKET_ENDS + (k << 2), end + (popcnt(hits) << 1));
}

/** Which of the eight polynomials is being sieved. */
export function currentOfBatch(): u32 {
  return (field(GRAY_INDEX) - 1) & (BATCH - 1);
}

/** Carries out the strikes of polynomial `k` of the eight: those of slices of one logarithm stand one after the other. */
export function strikeBucket(k: u32): void {
  const sieve = field(SIEVE);
  const slices = field(SLICE_COUNT);
  let at = bucketAt(k);
  for (let slice: u32 = 0; slice < slices;) {
    const log = load<u32>(sliceAt(slice), 8);
    while (slice < slices && load<u32>(sliceAt(slice), 8) == log) slice++;
    const end = endAt(slice - 1, k);
    strikeAll(sieve, at, end, <u8>log);
    at = end;
  }
}

/** Strikes at the positions that stand in [from, end). */
function strikeAll(sieve: u32, from: u32, end: u32, log: u8): void {
  let at = from;
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

/**
 * Writes the indices, in the base, of the primes that strike polynomial `k` of the eight at `position`, to `list`; their number.
 * Of 32 strikes at once it is asked whether one is there; what stands behind the end is passed over.
 */
export function listStrikes(k: u32, position: u32, list: u32): u32 {
  const x = i16x8.splat(<i16>position);
  const last = field(SLICE_COUNT) - 1;
  const end = endAt(last, k);
  let slice: u32 = 0;
  let count: u32 = 0;
  for (let at = bucketAt(k); at < end; at += 64) {
    const one = i16x8.eq(v128.load(at), x);
    const two = i16x8.eq(v128.load(at, 16), x);
    const three = i16x8.eq(v128.load(at, 32), x);
    const four = i16x8.eq(v128.load(at, 48), x);
    if (!v128.any_true(v128.or(v128.or(one, two), v128.or(three, four)))) continue;
    let hits =
      <u64>i8x16.bitmask(i8x16.narrow_i16x8_s(one, two)) |
      ((<u64>i8x16.bitmask(i8x16.narrow_i16x8_s(three, four))) << 16);
    for (; hits != 0; hits &= hits - 1) {
      const hit = at + ((<u32>ctz(hits)) << 1);
      while (slice <= last && endAt(slice, k) <= hit) slice++;
      if (slice > last) return count;
      if (hit < beginAt(slice, k)) continue; // The primes of that slice are listed already.
      count = listPrimes(slice++, k, position, list, count);
    }
  }
  return count;
}

/** Adds to `list` the primes of a slice that have a root at `position`: after the eight polynomials it has moved to one of theirs. */
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
    const root = addModulo(target, back, p);
    const x = i32x4.eq(v128.load(roots1 + at), root);
    const y = i32x4.eq(v128.load(roots2 + at), root);
    for (let set = i32x4.bitmask(v128.or(x, y)); set != 0; set &= set - 1)
      store<u32>(list + (count++ << 2), (at >> 2) + <u32>ctz(set));
  }
  return count;
}
