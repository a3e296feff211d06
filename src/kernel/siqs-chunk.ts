/**
 * Relations on their way out of a sieve and back: bytes that say whose they are.
 *
 * u32 each, little-endian: version, base size, multiplier, helper, coefficients used up, limbs of n; then n; then relations as
 * they stand in the log (`assembly/siqs/relations.ts`).
 */
import * as header from './siqs-header.ts';

/** With what a job's log says around it, a chunk is at most 64 KiB (`Kernel`). */
const CHUNK_BYTES_MAX = 0xfc00;
const VERSION = 0x31515346;
const WORDS = 6;
const CHUNK_HEADER_BYTES_MAX = 4 * WORDS + header.NUMBER_BYTES;
/** Length, two large primes and one factor; the root comes to that. The top bit of a length has another meaning in the log. */
const RELATION_BYTES_MIN = 11;
const RELATION_BYTES_END = 0x8000;
/** The top bit says that it was fed. */
const RELATION_BYTES_MASK = 0x7fff;

/** Writes the header of a chunk; its length. */
export function encodeChunkHeader(chunk: Uint8Array, fields: Uint32Array, n: bigint): number {
  const view = new DataView(chunk.buffer, chunk.byteOffset);
  const names = [header.BASE_SIZE, header.MULTIPLIER, header.HELPER, header.A_COUNTER, header.LIMBS_N];
  view.setUint32(0, VERSION, true);
  names.forEach((name, i) => view.setUint32(4 + 4 * i, fields[name] ?? 0, true));
  let at = 4 * WORDS;
  for (let rest = n; rest > 0n; rest >>= 32n, at += 4) view.setUint32(at, Number(rest & 0xffffffffn), true);
  return at;
}

/**
 * What a chunk holds for the sieve with these fields: its relations as far as they follow one another without a gap, so that those of other
 * chunks may stand behind them. Undefined if it is of another version, number or base.
 */
function decodeChunk(
  chunk: Uint8Array,
  fields: Uint32Array,
  n: bigint,
): { relations: Uint8Array; helper: number; counter: number } | undefined {
  const expected = new Uint8Array(CHUNK_HEADER_BYTES_MAX);
  const length = encodeChunkHeader(expected, fields, n);
  if (chunk.length <= length) return undefined;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const helper = view.getUint32(12, true);
  const counter = view.getUint32(16, true);
  for (let i = 0; i < length; i++) if ((i < 12 || i >= 20) && chunk[i] !== expected[i]) return undefined;
  return { relations: chunk.subarray(length, endOfRelations(view, length)), helper, counter };
}

/** Where the last relation ends of those from `begin` on whose lengths can be right. */
function endOfRelations(view: DataView, begin: number): number {
  let at = begin;
  while (at + RELATION_BYTES_MIN <= view.byteLength) {
    const bytes = view.getUint16(at, true);
    if (bytes < RELATION_BYTES_MIN || bytes >= RELATION_BYTES_END || at + bytes > view.byteLength) break;
    at += bytes;
  }
  return at;
}

/** The relations of the log behind those that were taken, as many as a chunk holds and none that were fed; undefined when all are taken. */
export function takeChunk(
  memory: WebAssembly.Memory,
  fields: Uint32Array,
  n: bigint,
): Uint8Array | undefined {
  const end = fields[header.LOG_END]!;
  let at = fields[header.LOG_TAKEN]!;
  if (at === end) return undefined;
  // Asked for every few milliseconds: no more is allocated than is there.
  const sizeMax = Math.min(CHUNK_BYTES_MAX, CHUNK_HEADER_BYTES_MAX + end - at);
  const log = new Uint8Array(memory.buffer, fields[header.RELATION_LOG], end);
  const tags = new DataView(log.buffer, log.byteOffset);
  const chunk = new Uint8Array(sizeMax);
  const begin = encodeChunkHeader(chunk, fields, n);
  let length = begin;
  while (at < end) {
    const tag = tags.getUint16(at, true);
    const bytes = tag & RELATION_BYTES_MASK;
    if (bytes === tag) {
      if (length + bytes > chunk.length) break;
      chunk.set(log.subarray(at, at + bytes), length);
      length += bytes;
    }
    at += bytes;
  }
  fields[header.LOG_TAKEN] = at;
  return length === begin ? undefined : chunk.slice(0, length);
}

/** Puts the relations of a chunk where `siqsIngest` takes them in, if the chunk is right and there is room. */
export function feedChunk(
  memory: WebAssembly.Memory,
  fields: Uint32Array,
  n: bigint,
  chunk: Uint8Array,
): void {
  const decoded = decodeChunk(chunk, fields, n);
  if (!decoded) return;
  const begin = fields[header.PENDING_BEGIN]! - decoded.relations.length;
  if (begin < fields[header.LOG_END]!) return;
  new Uint8Array(memory.buffer).set(decoded.relations, fields[header.RELATION_LOG]! + begin);
  fields[header.PENDING_BEGIN] = begin;
  if (decoded.helper === fields[header.HELPER])
    fields[header.FED_COUNTER] = Math.max(fields[header.FED_COUNTER]!, decoded.counter);
}
