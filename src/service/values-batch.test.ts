import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { BATCH_NUMBERS_MAX } from '../domain/limits.ts';
import { formatToken, SEQ_STRIDE, TOKEN_BYTES } from '../domain/request-id.ts';
import { batchResult, batchSeqs, formatBatchId, parseBatchId, type BatchMember } from './values-batch.ts';

const token = fc.uint8Array({ minLength: TOKEN_BYTES, maxLength: TOKEN_BYTES }).map(formatToken);
const first = fc.tuple(fc.maxSafeNat(), token).map(([seq, text]) => ({ seq, token: text }));
const batch = fc.record(
  { first, count: fc.integer({ min: 1, max: BATCH_NUMBERS_MAX }) },
  { noNullPrototype: true },
);

test('an id that was written is read back', () => {
  fc.assert(
    fc.property(batch, ({ first: { seq, token: text }, count }) => {
      const read = parseBatchId(formatBatchId({ first: { seq, token: text }, count }));
      assert.deepEqual([read?.first.seq, read?.first.token, read?.count], [seq, text, count]);
    }),
  );
});

test('what was never written is no id', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = parseBatchId(text);
      assert.ok(read === undefined || formatBatchId(read) === text.toUpperCase());
    }),
  );
  const id = formatBatchId({ first: { seq: 16, token: '0'.repeat(16) }, count: 1 });
  for (const text of [
    `${id}00000`,
    id.replace('-1', '-0'),
    id.replace('-1', '-01'),
    id.replace('-1', '-1.5'),
    `${id} `,
  ])
    assert.equal(parseBatchId(text), undefined, text);
  assert.equal(parseBatchId(id.replace('-1', `-${BATCH_NUMBERS_MAX + 1}`)), undefined);
});

test('the requests of a batch follow each other a stride apart', () => {
  const seqs = batchSeqs({ first: { seq: 160, token: '' }, count: 3 });
  assert.deepEqual(seqs, [160, 160 + SEQ_STRIDE, 160 + 2 * SEQ_STRIDE]);
});

test('requests that were accepted after those of a batch are no part of it', () => {
  const member = (seq: number, text: string): BatchMember => ({
    seq,
    token: text,
    mode: 'values',
    number: '15',
    state: { kind: 'done', factors: [], finishedAtMs: 1, cpuMs: 0 },
  });
  const own = [member(16, 'a'), member(32, 'a')];
  const named = { first: { seq: 16, token: 'a' }, count: 2 };
  assert.equal(batchResult(named, own).kind, 'values');
  const next = [...own, member(48, 'b')];
  assert.equal(batchResult({ ...named, count: 3 }, next).kind, 'not_found');
  const queued = own.map((each) => ({ ...each, mode: 'queued' as const }));
  assert.equal(batchResult(named, queued).kind, 'not_found', 'they were not posted as values');
});
