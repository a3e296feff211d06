import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeRecord, encodeRecord, type JobRecord } from './job-chunk.ts';
import { type Part, type PartKind, untestedPart } from './part.ts';

const natural = fc.bigInt({ min: 0n, max: 10n ** 1000n });
const count = fc.nat();
const part = fc.record<Part>(
  {
    value: natural,
    exponent: count,
    kind: fc.constantFrom<PartKind[]>('untested', 'proven', 'probable', 'composite'),
    curves: count,
    shrinks: count,
    sieveGaveUp: fc.boolean(),
    proofGaveUp: fc.boolean(),
  },
  { noNullPrototype: true },
);
const record = fc.oneof(
  fc.array(part, { maxLength: 30 }).map((parts): JobRecord => ({ kind: 'parts', parts })),
  fc
    .tuple(natural, count, count)
    .map(([value, curves, shrinks]): JobRecord => ({ kind: 'curves', value, curves, shrinks })),
  fc
    .tuple(natural, fc.uint8Array({ maxLength: 500 }))
    .map(([value, relations]): JobRecord => ({ kind: 'relations', value, relations })),
);

test('a record comes back as it was written', () => {
  fc.assert(fc.property(record, (written) => assert.deepEqual(decodeRecord(encodeRecord(written)), written)));
});

test('bytes of another version, and any bytes at all, are read as nothing rather than wrongly', () => {
  fc.assert(
    fc.property(record, (written) => {
      const chunk = encodeRecord(written);
      chunk[0] = 2;
      assert.equal(decodeRecord(chunk), undefined);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeRecord(bytes)));
});

test('a parts record that was cut off anywhere is passed over', () => {
  const chunk = encodeRecord({
    kind: 'parts',
    parts: [{ ...untestedPart(12345678901234567890n, 2), kind: 'composite', curves: 7, shrinks: 1 }],
  });
  for (let length = 0; length < chunk.length; length++)
    assert.equal(decodeRecord(chunk.slice(0, length)), undefined);
});

test('a part written without a mark of the sieve counts as one that it has not given up', () => {
  const text = new TextEncoder().encode('[["91",1,"composite",7,0]]');
  assert.deepEqual(decodeRecord(Uint8Array.of(1, 1, text.length, 0, ...text)), {
    kind: 'parts',
    parts: [{ ...untestedPart(91n, 1), kind: 'composite', curves: 7 }],
  });
});

test('what 1,000 digits split into fits a chunk of 64 KiB', () => {
  // Most parts come from most small primes: the product of the first 350 primes has about 1,000 digits.
  const parts = Array.from({ length: 350 }, (_, i) => ({
    ...untestedPart(10n ** 7n + BigInt(i), 1),
    kind: 'proven' as const,
  }));
  assert.ok(encodeRecord({ kind: 'parts', parts }).length < 0x10000);
});
