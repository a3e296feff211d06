import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFactors } from '../domain/factorization.ts';
import { nextPrime } from './bigint-reference.ts';
import { factor } from './factor.ts';
import type { Progress } from './kernel.ts';

const REFERENCE = 100000000000000000050700000000000000004563n;

test('the reference number is factored', async () => {
  const { factors, complete } = await factor(REFERENCE);
  assert.ok(complete);
  assert.equal(formatFactors(factors), '100000000000000000039 1000000000000000000117');
});

test('progress comes between slices, within bounds, and does not fall within a stage', async () => {
  const seen: Progress[] = [];
  await factor(REFERENCE, { sliceMs: 1, onProgress: (progress) => seen.push(progress) });
  assert.ok(seen.some(({ stage }) => stage === 'siqs'));
  for (const [i, { stage, fraction }] of seen.entries()) {
    assert.ok(fraction >= 0 && fraction <= 1);
    const before = seen[i - 1];
    if (before?.stage === stage)
      assert.ok(fraction >= before.fraction, `${stage} fell from ${before.fraction} to ${fraction}`);
  }
});

test('an aborted call ends with the reason of its signal', async () => {
  const hopeless = nextPrime(10n ** 60n) * nextPrime(3n * 10n ** 60n);
  const reason = new Error('no longer wanted');
  const controller = new AbortController();
  const slices: Progress[] = [];
  const result = factor(hopeless, {
    signal: controller.signal,
    sliceMs: 5,
    onProgress: (progress) => slices.push(progress) === 3 && controller.abort(reason),
  });
  await assert.rejects(result, reason);
  await assert.rejects(factor(15n, { signal: controller.signal }), reason);
});
