/**
 * API keys: random text that shows who is asking. Only hashes of them are kept, so a copy of the file lets nobody in.
 *
 * The hash is plain SHA-256, without salt or stretching: those slow down the guessing of passwords, and 256 random bits can't be
 * guessed at any speed. In return a key is checked in microseconds, and found by its hash.
 */
import { hash } from 'node:crypto';
import { assert } from '../base/assert.ts';

export const API_KEY_BYTES = 32;

/** The prefix lets scanners for leaked secrets find it. */
const PREFIX = 'fsk_';
const PATTERN = /^fsk_[A-Za-z0-9_-]{43}$/;

/** The key made of `API_KEY_BYTES` random bytes. */
export function formatApiKey(bytes: Uint8Array): string {
  assert(bytes.length === API_KEY_BYTES, `A key takes ${API_KEY_BYTES} bytes: got ${bytes.length}`);
  return PREFIX + Buffer.from(bytes).toString('base64url');
}

/** What is kept of a key, 64 hexadecimal digits; undefined if `text` can't be a key. */
export function apiKeyHash(text: string): string | undefined {
  return PATTERN.test(text) ? hash('sha256', text, 'hex') : undefined;
}
