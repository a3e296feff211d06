/**
 * The records of a job's log, as bytes: a version, a kind, and what the kind holds.
 *
 * A record says what is true of the number, not what happened, so that reading some twice, or missing the last ones, does no
 * harm. Records of another version, or that make no sense, are passed over.
 */
import type { Part, PartKind } from './part.ts';

export type JobRecord =
  /** The parts of the number at some time. */
  | { readonly kind: 'parts'; readonly parts: readonly Part[] }
  /** Curves that found nothing in one part. */
  | { readonly kind: 'curves'; readonly value: bigint; readonly curves: number; readonly shrinks: number }
  /** What the quadratic sieve has gathered for one part, in its own format. */
  | { readonly kind: 'relations'; readonly value: bigint; readonly relations: Uint8Array }
  /** What divides one part, and is neither 1 nor all of it. */
  | { readonly kind: 'divisor'; readonly value: bigint; readonly divisor: bigint }
  /** `CURVES_AT_ONCE` curves of a helper that found nothing in one part. They count once the job says so in `curves`. */
  | { readonly kind: 'fruitless'; readonly value: bigint };

const VERSION = 1;
const KIND_CODES: Record<JobRecord['kind'], number> = {
  parts: 1,
  curves: 2,
  relations: 3,
  divisor: 4,
  fruitless: 5,
};
const HEADER_BYTES = 4;
const PART_KINDS: readonly string[] = ['untested', 'proven', 'probable', 'composite'] satisfies PartKind[];

/**
 * Version, kind, length of the text (u16, little-endian), the text (JSON, numbers in decimal), then the relations, if it is
 * about some.
 */
export function encodeRecord(record: JobRecord): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(textOf(record)));
  const relations = record.kind === 'relations' ? record.relations : new Uint8Array();
  const chunk = new Uint8Array(HEADER_BYTES + text.length + relations.length);
  chunk.set([VERSION, KIND_CODES[record.kind], text.length & 0xff, text.length >> 8]);
  chunk.set(text, HEADER_BYTES);
  chunk.set(relations, HEADER_BYTES + text.length);
  return chunk;
}

function textOf(record: JobRecord): unknown {
  if (record.kind === 'parts')
    return record.parts.map((p) => [
      String(p.value),
      p.exponent,
      p.kind,
      p.curves,
      p.shrinks,
      p.sieveGaveUp,
      p.proofGaveUp,
    ]);
  if (record.kind === 'curves') return [String(record.value), record.curves, record.shrinks];
  if (record.kind === 'divisor') return [String(record.value), String(record.divisor)];
  return String(record.value);
}

/** Inverse of `encodeRecord`; undefined for bytes of another version and for bytes that it did not write. */
export function decodeRecord(chunk: Uint8Array): JobRecord | undefined {
  const [version, code, low, high] = chunk;
  if (version !== VERSION || low === undefined || high === undefined) return undefined;
  const textEnd = HEADER_BYTES + low + 256 * high;
  try {
    const text: unknown = JSON.parse(new TextDecoder().decode(chunk.subarray(HEADER_BYTES, textEnd)));
    if (code === KIND_CODES.parts) return { kind: 'parts', parts: (text as unknown[]).map(readPart) };
    if (code === KIND_CODES.curves) {
      const [value, curves, shrinks] = text as unknown[];
      return {
        kind: 'curves',
        value: readNatural(value),
        curves: readCount(curves),
        shrinks: readCount(shrinks),
      };
    }
    if (code === KIND_CODES.relations)
      return { kind: 'relations', value: readNatural(text), relations: chunk.subarray(textEnd) };
    if (code === KIND_CODES.divisor) {
      const [value, divisor] = text as unknown[];
      return { kind: 'divisor', value: readNatural(value), divisor: readNatural(divisor) };
    }
    if (code === KIND_CODES.fruitless) return { kind: 'fruitless', value: readNatural(text) };
    return undefined;
  } catch {
    return undefined; // Cut off or damaged: the log is worth less, the job is not lost.
  }
}

function readPart(fields: unknown): Part {
  // Records from before there were proofs lack the last field: what was probable then is proven now.
  const [value, exponent, kind, curves, shrinks, sieveGaveUp, proofGaveUp] = fields as unknown[];
  if (typeof kind !== 'string' || !PART_KINDS.includes(kind))
    throw new TypeError('Cannot read the kind of a part');
  return {
    value: readNatural(value),
    exponent: readCount(exponent),
    kind: kind as PartKind,
    curves: readCount(curves),
    shrinks: readCount(shrinks),
    sieveGaveUp: sieveGaveUp === true,
    proofGaveUp: proofGaveUp === true,
  };
}

function readNatural(text: unknown): bigint {
  if (typeof text !== 'string' || !/^\d+$/.test(text)) throw new TypeError('Cannot read a natural number');
  return BigInt(text);
}

function readCount(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError('Cannot read a count');
  return value as number;
}
