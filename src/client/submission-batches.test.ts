import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { BATCH_NUMBERS_MAX, BODY_BYTES_MAX, submissionBatches } from './submission-batches.ts';

test('batches hold every number once, in order, and no body or batch is larger than the service takes', () => {
  const text = fc.oneof(
    fc.bigInt({ min: 1n, max: 10n ** 300n }).map(String),
    fc.string({ unit: 'binary', maxLength: 100 }),
  );
  const texts = fc.tuple(fc.array(text, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 1_500 }));
  fc.assert(
    fc.property(texts, ([some, times]) => {
      const all = Array.from({ length: times }, () => some).flat();
      const batches = submissionBatches(all);
      const flat = batches.flat();
      assert.ok(flat.length === all.length && flat.every((one, i) => one === all[i]));
      for (const numbers of batches) {
        assert.ok(numbers.length > 0 && numbers.length <= BATCH_NUMBERS_MAX);
        assert.ok(Buffer.byteLength(JSON.stringify({ numbers })) <= BODY_BYTES_MAX);
      }
    }),
    { numRuns: 8 },
  );
});

test('few numbers make one batch, none make none', () => {
  assert.equal(submissionBatches(Array.from({ length: BATCH_NUMBERS_MAX }, () => '7')).length, 1);
  assert.deepEqual(submissionBatches([]), []);
});
