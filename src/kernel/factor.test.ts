import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFactors } from '../domain/factorization.ts';
import { nextPrime } from './bigint-reference.ts';
import type { FactorOptions } from './factor-options.ts';
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

/** 57 digits. */
const LONG = (10n ** 28n + 331n) * (3n * 10n ** 28n + 1n);

test('threads share one number, and find the factors that one finds', async () => {
  const { factors, complete } = await factor(LONG, { threads: 3 });
  assert.ok(complete);
  const product = factors.reduce((n, { prime, exponent }) => n * prime ** BigInt(exponent), 1n);
  assert.equal(product, LONG);
  const alone = await factor(LONG);
  assert.deepEqual(factors, alone.factors);
});

test('threads are started one between two slices, and none after an abort', async (t) => {
  let started = 0;
  const count = (): void => void started++;
  process.on('worker', count);
  t.after(() => process.off('worker', count));
  const hopeless = nextPrime(10n ** 60n) * nextPrime(3n * 10n ** 60n);
  const reason = new Error('no longer wanted');
  const controller = new AbortController();
  const startedBy: number[] = [];
  const result = factor(hopeless, {
    signal: controller.signal,
    threads: 64,
    onProgress: () => {
      startedBy.push(started);
      if (started >= 4) controller.abort(reason);
    },
  });
  await assert.rejects(result, reason);
  assert.ok(startedBy.length >= 4);
  // One may have been on its way when the signal came.
  for (const [i, before] of startedBy.entries()) {
    const now = startedBy[i + 1] ?? started;
    assert.ok(now - before <= 1, `${now - before} threads were started at once`);
  }
});

test('what cannot be factored is refused before anything begins', async () => {
  await assert.rejects(factor(0n), { name: 'RangeError', message: 'Cannot factor 0: it must be at least 1' });
  const options = { threads: '2' } as unknown as FactorOptions;
  await assert.rejects(factor(15n, options), {
    name: 'TypeError',
    message: /^threads must be .* it is "2"$/,
  });
  await assert.rejects(factor(15n, null as unknown as FactorOptions), TypeError);
});
