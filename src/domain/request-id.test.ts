import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatRequestId, formatToken, nextSeq, parseRequestId, seqAt } from './request-id.ts';

const token = fc.uint8Array({ minLength: 10, maxLength: 10 }).map(formatToken);
const id = fc.record({ seq: fc.maxSafeNat(), shard: fc.nat(15), token }, { noNullPrototype: true });

test('an id is read back as it was written, in either case', () => {
  fc.assert(
    fc.property(id, (parts) => {
      const text = formatRequestId(parts);
      assert.equal(text.length, 28);
      assert.deepEqual(parseRequestId(text), parts);
      assert.deepEqual(parseRequestId(text.toLowerCase()), parts);
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
  ]) {
    assert.equal(parseRequestId(text), undefined, text);
  }
});

test('sequence numbers rise even when the clock goes back', () => {
  const later = nextSeq(0, Date.UTC(2026, 5, 1));
  assert.equal(later, seqAt(Date.UTC(2026, 5, 1)));
  assert.equal(nextSeq(later, Date.UTC(2026, 4, 1)), later + 1);
  assert.ok(Number.isSafeInteger(nextSeq(0, Date.UTC(2090, 0, 1))));
});
