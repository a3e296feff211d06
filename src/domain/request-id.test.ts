import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  formatRequestId,
  formatToken,
  nextSeq,
  parseRequestId,
  SEQ_STRIDE,
  seqAt,
  shardOf,
  timeOfSeq,
} from './request-id.ts';

const token = fc.uint8Array({ minLength: 10, maxLength: 10 }).map(formatToken);
const id = fc.record({ seq: fc.maxSafeNat(), token }, { noNullPrototype: true });

test('an id is read back as it was written, in either case', () => {
  fc.assert(
    fc.property(id, (parts) => {
      const text = formatRequestId(parts);
      assert.equal(text.length, 28);
      const read = { ...parts, shard: shardOf(parts.seq) };
      assert.deepEqual(parseRequestId(text), read);
      assert.deepEqual(parseRequestId(text.toLowerCase()), read);
    }),
  );
});

test('ids sort as their sequence numbers do', () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      fc.pre(a.seq !== b.seq);
      assert.equal(formatRequestId(a) < formatRequestId(b), a.seq < b.seq);
    }),
  );
});

test('different random bytes give different tokens', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 10, maxLength: 10 }),
      fc.nat(9),
      fc.integer({ min: 1, max: 255 }),
      (bytes, at, change) => {
        const other = bytes.slice();
        other[at] = ((other[at] ?? 0) + change) % 256;
        assert.notEqual(formatToken(bytes), formatToken(other));
      },
    ),
  );
});

test('text that is not an id is not read as one', () => {
  for (const text of [
    '',
    'x',
    '0'.repeat(27),
    '0'.repeat(29),
    `${'0'.repeat(11)}G${'0'.repeat(16)}`,
    'Z'.repeat(28),
    'U'.repeat(28),
    `${'0'.repeat(27)}é`,
    // It names another shard than its sequence number does.
    `${'0'.repeat(11)}1${'0'.repeat(16)}`,
  ]) {
    assert.equal(parseRequestId(text), undefined, text);
  }
});

test('sequence numbers rise even when the clock goes back', () => {
  const later = nextSeq(0, Date.UTC(2026, 5, 1), 0);
  assert.equal(later, seqAt(Date.UTC(2026, 5, 1)));
  assert.equal(nextSeq(later, Date.UTC(2026, 4, 1), 0), later + SEQ_STRIDE);
  assert.ok(Number.isSafeInteger(nextSeq(0, Date.UTC(2090, 0, 1), 15)));
});

test('each shard has sequence numbers of its own, one after the other', () => {
  const times = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2090, 0, 1) });
  fc.assert(
    fc.property(fc.nat(15), times, fc.nat(10_000), (shard, nowMs, ahead) => {
      const last = seqAt(nowMs) + ahead;
      const next = nextSeq(last, nowMs, shard);
      assert.equal(shardOf(next), shard);
      assert.ok(next > last && next <= last + SEQ_STRIDE, `${next} after ${last}`);
    }),
  );
});

test('a sequence number tells when it was given out', () => {
  const nowMs = Date.UTC(2026, 5, 1) + 7;
  for (let shard = 0; shard < SEQ_STRIDE; shard++) assert.equal(timeOfSeq(nextSeq(0, nowMs, shard)), nowMs);
});
