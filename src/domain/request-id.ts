/**
 * Request ids: sortable by time, unguessable, and naming the shard (store) they were born in.
 *
 * An id is 28 characters of Crockford's base 32: 11 of a *sequence number*, 1 that repeats the shard, 16 of a random token (80 bits).
 * The sequence number is the key under which the store finds the request, so an id needs no index of its own; the token is
 * what makes it unguessable. The sequence numbers of one batch are `SEQ_STRIDE` apart, and it has one token.
 *
 * A sequence number holds milliseconds since 2026-01-01 in its upper 41 bits, a counter in the next 8, and the shard in its lower 4: so
 * it is unique in a cluster, whichever store it is in, and stays an exact double until 2095.
 */
import { assert } from '../base/assert.ts';

export interface RequestId {
  readonly seq: number;
  /** 16 characters of Crockford's base 32. */
  readonly token: string;
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SEQ_CHARS = 11;
const TOKEN_CHARS = 16;
export const TOKEN_BYTES = 10;
const EPOCH_MS = Date.UTC(2026, 0, 1);
const PER_MS = 4096;
/** From one sequence number of a shard to the next. */
export const SEQ_STRIDE = 16;
const PATTERN = /^[0-9A-HJKMNP-TV-Z]{28}$/;

export function formatRequestId({ seq, token }: RequestId): string {
  return encode(seq, SEQ_CHARS) + ALPHABET.charAt(shardOf(seq)) + token;
}

/** The shard that gave the sequence number, 0 to 15: the database in a cluster; 0 where there is one store. */
export function shardOf(seq: number): number {
  return seq % SEQ_STRIDE;
}

/** The parts of an id in either case, or undefined if `text` is not one. */
export function parseRequestId(text: string): (RequestId & { readonly shard: number }) | undefined {
  const id = text.toUpperCase();
  if (!PATTERN.test(id)) return undefined;
  const seq = decode(id.slice(0, SEQ_CHARS));
  const shard = shardOf(seq);
  // Before sequence numbers told the shard, there was one only.
  const isOfShard = [ALPHABET.charAt(shard), '0'].includes(id.charAt(SEQ_CHARS));
  if (!Number.isSafeInteger(seq) || !isOfShard) return undefined;
  return { seq, shard, token: id.slice(SEQ_CHARS + 1) };
}

/** `TOKEN_BYTES` random bytes as a token. */
export function formatToken(bytes: Uint8Array): string {
  assert(bytes.length === TOKEN_BYTES, `A token takes ${TOKEN_BYTES} bytes: got ${bytes.length}`);
  let text = '';
  for (let i = 0; i < TOKEN_BYTES; i += 5) {
    // Five bytes are forty bits, thus exactly eight characters; a double holds them.
    let forty = 0;
    for (let j = 0; j < 5; j++) forty = forty * 256 + (bytes[i + j] ?? 0);
    text += encode(forty, TOKEN_CHARS / 2);
  }
  return text;
}

/** The next sequence number of `shard` at `nowMs`, above `last` whatever the clock does. */
export function nextSeq(last: number, nowMs: number, shard: number): number {
  const least = Math.max(last + 1, seqAt(nowMs));
  return least + ((shard - shardOf(least) + SEQ_STRIDE) % SEQ_STRIDE);
}

/** The least sequence number given out at `timeMs` or later. */
export function seqAt(timeMs: number): number {
  return Math.max(0, Math.floor(timeMs) - EPOCH_MS) * PER_MS;
}

/** About when a sequence number was given out, in milliseconds since 1970: later than it was where many were given out at once. */
export function timeOfSeq(seq: number): number {
  return EPOCH_MS + Math.floor(seq / PER_MS);
}

function encode(value: number, chars: number): string {
  let text = '';
  for (let i = 0; i < chars; i++) {
    text = ALPHABET.charAt(value % 32) + text;
    value = Math.floor(value / 32);
  }
  return text;
}

function decode(text: string): number {
  let value = 0;
  for (const char of text) value = value * 32 + ALPHABET.indexOf(char);
  return value;
}
