import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { API_KEY_BYTES, apiKeyHash, formatApiKey } from './api-key.ts';

const bytes = fc.uint8Array({ minLength: API_KEY_BYTES, maxLength: API_KEY_BYTES });

test('a key is text without anything to escape, and its hash is the SHA-256 of that text', () => {
  fc.assert(
    fc.property(bytes, (random) => {
      const key = formatApiKey(random);
      assert.match(key, /^fsk_[A-Za-z0-9_-]{43}$/);
      assert.equal(apiKeyHash(key), createHash('sha256').update(key).digest('hex'));
    }),
  );
});

test('different bytes give different keys', () => {
  fc.assert(
    fc.property(bytes, fc.nat(API_KEY_BYTES - 1), fc.integer({ min: 1, max: 255 }), (random, at, change) => {
      const other = random.map((byte, i) => (i === at ? byte ^ change : byte));
      assert.notEqual(formatApiKey(random), formatApiKey(other));
    }),
  );
});

test('what cannot be a key has no hash, however long it is', () => {
  const key = formatApiKey(new Uint8Array(API_KEY_BYTES));
  for (const text of [
    '',
    'fsk_',
    key.slice(0, -1),
    `${key}A`,
    `${key}\n`,
    ` ${key}`,
    key.toUpperCase(),
    'x'.repeat(1e6),
  ])
    assert.equal(apiKeyHash(text), undefined, text.slice(0, 60));
});
