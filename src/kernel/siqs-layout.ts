/** Where the arrays of the quadratic sieve lie, as a function of its parameters alone. */
import * as header from './siqs-header.ts';
import type { SiqsParameters } from './siqs-parameters.ts';

export interface SiqsLayout {
  /** Header fields and what stands in them: capacities and addresses. */
  readonly fields: ReadonlyMap<number, number>;
  readonly end: number;
}

/**
 * Relations kept for each prime of the base. With one large prime about 5 to 6 are met; with two 7 up to 80 digits and 10 at 86, of which at most four
 * fifths may come before relations must close a cycle to be kept.
 */
const relationsPerPrime = (baseSize: number, isTwo: boolean) => (isTwo ? (baseSize > 40_000 ? 14 : 12) : 8);
/** Met are 46 at 40 digits, 57 at 65, 73 at 78, 88 at 100; indices of the base from 2^14 on take three bytes each. */
const bytesPerRelation = (baseSize: number) => (baseSize > 100_000 ? 96 : baseSize > 0x4000 ? 84 : 66);
const SEGMENT_BYTES = 0x8000;
/** Per prime of the base; rows fill at most 170 from 65 to 78 digits. Merging stops at three quarters of the pool. */
const ROW_POOL_BYTES = 360;
const LISTS_BYTES = 24;
/**
 * Merging leaves 0.59 unknowns for each prime of the base at 55 digits, 0.35 at 65, 0.31 at 78 with one large prime; with two 0.52 at 62 digits,
 * 0.46 at 75 and 0.44 at 86.
 */
const denseUnknowns = (baseSize: number, isTwo: boolean) =>
  Math.min(baseSize + 256, 1500 + (isTwo ? 0.45 : 0.34) * baseSize);

/** Polynomials whose buckets are filled at once. */
const BATCH = 8;
/** Strikes of a polynomial that its bucket has room for, the sum of 2 · interval / p over the primes above the interval. */
function bucketStrikes(baseSize: number, interval: number): number {
  const greatest = 2 * baseSize * Math.log(2 * baseSize * Math.log(2 * baseSize));
  const sum = Math.log(Math.log(2 * greatest) / Math.log(interval));
  return 1000 + Math.max(0, 1.2 * interval * sum);
}
/** Not a multiple of 4 KiB, so that the ends of the buckets do not meet in one set of the cache. */
const bucketBytes = (baseSize: number, interval: number) =>
  Math.ceil((2 * bucketStrikes(baseSize, interval) + header.BUCKET_SPARE) / 0x1000) * 0x1000 + 0x240;
/** A slice ends where the logarithm changes, or when it is full. */
const slicesMax = (baseSize: number) => 40 + Math.ceil(baseSize / header.SLICE_PRIMES);

const powerOfTwoFrom = (least: number) => 2 ** Math.ceil(Math.log2(least));

const layouts = new WeakMap<SiqsParameters, SiqsLayout>();

export function siqsLayout(parameters: SiqsParameters): SiqsLayout {
  let layout = layouts.get(parameters);
  if (layout === undefined) {
    layout = layOut(parameters);
    layouts.set(parameters, layout);
  }
  return layout;
}

function layOut({ baseSize, interval, cofactorPower }: SiqsParameters): SiqsLayout {
  const padded = Math.ceil(baseSize / 16) * 16;
  const isTwo = cofactorPower > 1;
  const relations = relationsPerPrime(baseSize, isTwo) * baseSize + Math.min(2000, 200 + 2 * baseSize);
  const vertexSlots = powerOfTwoFrom(2.1 * relations);
  const seenSlots = powerOfTwoFrom(1.5 * relations);
  const usedSlots = powerOfTwoFrom(Math.max(1024, Math.min(4096, 4 * baseSize), baseSize));
  const logBytes = relations * bytesPerRelation(baseSize);
  const rowPoolBytes = 0x10000 + baseSize * ROW_POOL_BYTES;
  const listsBytes = 0x4000 + baseSize * LISTS_BYTES;
  const denseSide = Math.ceil(denseUnknowns(baseSize, isTwo) / 128) * 128;

  const fields = new Map<number, number>([
    [header.BASE_SIZE, baseSize],
    [header.BASE_PADDED, padded],
    [header.INTERVAL, interval],
    [header.RELATION_MAX, relations],
    [header.VERTEX_SLOTS, vertexSlots],
    [header.SEEN_SLOTS, seenSlots],
    [header.USED_SLOTS, usedSlots],
    [header.LOG_CAPACITY, logBytes],
    [header.LISTS_BYTES, listsBytes],
    [header.ROW_POOL_BYTES, rowPoolBytes],
    [header.DENSE_SIDE_MAX, denseSide],
    [header.BUCKET_BYTES, bucketBytes(baseSize, interval)],
  ]);
  let end = header.ARRAYS;
  const place = (field: number, bytes: number) => {
    end = Math.ceil(end / 64) * 64;
    fields.set(field, end);
    end += bytes;
  };
  const arrays = (bytes: number, ...names: number[]) => names.forEach((name) => place(name, bytes));

  arrays(4 * padded, header.PRIMES, header.SQRTS, header.INVERSES, header.HALF_INTERVAL);
  arrays(4 * padded, header.ROOTS_1, header.ROOTS_2, header.POSITIONS_1, header.POSITIONS_2);
  arrays(2 * padded, header.SHORT_INVERSES, header.SHORT_LIMITS);
  arrays(padded, header.LOGS);
  place(header.SIEVE, 2 * interval);
  place(header.SEGMENT, SEGMENT_BYTES);
  place(header.SLICES, slicesMax(baseSize) * header.SLICE_BYTES);
  arrays(4 * relations, header.RELATION_OFFSETS, header.RELATION_LARGE_1, header.RELATION_LARGE_2);
  place(header.RELATION_LOG, logBytes);
  // From here to VERTEX_PARENTS all is zeroed at the start.
  place(header.VERTEX_KEYS, 4 * vertexSlots);
  place(header.SEEN, 4 * seenSlots);
  place(header.USED, 4 * usedSlots);
  place(header.VERTEX_PARENTS, 4 * vertexSlots);

  place(header.DEGREES, 4 * vertexSlots);
  place(header.CHOSEN, relations);
  arrays(4 * relations, header.ROW_BEGINS, header.ROW_LENGTHS, header.ROW_TOUCHED, header.UNKNOWNS);
  arrays(4 * (relations + baseSize), header.COLUMN_WEIGHTS, header.COLUMN_LISTS);
  place(header.LISTS, listsBytes);
  arrays(rowPoolBytes, header.ROW_POOL, header.ROW_SPARE);
  place(header.PANEL_TABLE, 32 * denseSide);
  place(header.PIVOT_COLUMNS, 4 * denseSide);
  place(header.SOLUTIONS, 8 * denseSide);
  place(header.EXPONENTS, 4 * baseSize);
  // The matrix takes the place of what the sieve can make again.
  const shared = end;
  place(header.DELTAS, 4 * padded * header.A_FACTORS_MAX);
  place(header.POOL_INVERSES, 4 * padded * header.POOL_MAX);
  place(header.BUCKETS, BATCH * bucketBytes(baseSize, interval));
  const sieveEnd = end;
  end = shared;
  place(header.MATRIX, (denseSide * denseSide) / 8);
  return { fields, end: Math.max(end, sieveEnd) };
}
