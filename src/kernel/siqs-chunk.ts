/**
 * Relations on their way out of a sieve and back: bytes that say whose they are.
 *
 * u32 each, little-endian: version, base size, multiplier, helper, coefficients used up, limbs of n; then n; then relations as
 * they stand in the log (`assembly/siqs/relations.ts`).
 */
import * as header from './siqs-header.ts';

export const SIQS_CHUNK_BYTES_MAX = 0x10000;
const VERSION = 0x31515346;
const WORDS = 6;
export const SIQS_CHUNK_HEADER_BYTES_MAX = 4 * WORDS + header.NUMBER_BYTES;

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

/** What a chunk holds for the sieve with these fields; undefined if it is of another version, number or base. */
export function decodeChunk(
  chunk: Uint8Array,
  fields: Uint32Array,
  n: bigint,
): { relations: Uint8Array; helper: number; counter: number } | undefined {
  const expected = new Uint8Array(SIQS_CHUNK_HEADER_BYTES_MAX);
  const length = encodeChunkHeader(expected, fields, n);
  if (chunk.length <= length) return undefined;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const helper = view.getUint32(12, true);
  const counter = view.getUint32(16, true);
  for (let i = 0; i < length; i++) if ((i < 12 || i >= 20) && chunk[i] !== expected[i]) return undefined;
  return { relations: chunk.subarray(length), helper, counter };
}
