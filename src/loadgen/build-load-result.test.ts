import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLoadResult, jainIndex } from './build-load-result.ts';
import { CallbackMatch } from './callback-match.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadResult } from './load-result.ts';
import { LoadTally } from './load-tally.ts';
import type { SenderReport } from './sender-protocol.ts';
import { testOptions } from './test-load.ts';

/** A thread on which each caller sent so many, each done after a wait and for some CPU time. */
function thread(
  callers: readonly { readonly sent: number; readonly waitMs: number; readonly cpuMs: number }[],
): SenderReport {
  const tally = new LoadTally(0, callers.length);
  callers.forEach(({ sent, waitMs, cpuMs }, caller) => {
    for (let i = 0; i < sent; i++) {
      tally.planned(i);
      tally.submitted('POST /sync', caller);
      tally.ended('POST /sync', undefined, i, i + 10);
      tally.accepted();
      const told = { status: 'done', number: '15', primes: ['3', '5'], isComplete: true };
      tally.done(caller, i, i + 10, { ...told, acceptedAtMs: 0, startedAtMs: waitMs, cpuMs });
    }
  });
  return { tally: tally.report(), match: new CallbackMatch().report(), cpuMs: 500 };
}

function resultOf(senders: readonly SenderReport[], options: Partial<LoadOptions> = {}): LoadResult {
  return buildLoadResult({
    options: testOptions({ urls: ['http://a'], ...options }),
    callerIds: ['load-1', 'load-2', 'load-3'],
    startedAt: '',
    elapsedMs: 1_000,
    interrupted: false,
    senders,
    receiver: undefined,
    seconds: [],
  });
}

test("Jain's index is 1 where all have the same, and 1/n where one has all", () => {
  assert.equal(jainIndex([3, 3, 3]), 1);
  assert.equal(jainIndex([0, 0, 9]), 1 / 3);
  assert.equal(jainIndex([]), 1);
});

test('what several threads report adds up, by caller as well', () => {
  const one = thread([
    { sent: 10, waitMs: 5, cpuMs: 2 },
    { sent: 5, waitMs: 50, cpuMs: 2 },
    { sent: 0, waitMs: 0, cpuMs: 0 },
  ]);
  const result = resultOf([one, one]);
  assert.deepEqual(
    [result.planned, result.sent, result.accepted, result.done, result.unfinished],
    [30, 30, 30, 30, 0],
  );
  const [endpoint] = result.endpoints;
  assert.deepEqual([result.endpoints.length, endpoint?.succeeded, endpoint?.latency.p50], [1, 30, 10]);
  assert.deepEqual(
    result.callers.map(({ sent, cpuMs, cpuShare }) => [sent, cpuMs, cpuShare]),
    [
      [20, 40, 40 / 60],
      [10, 20, 20 / 60],
      [0, 0, 0],
    ],
  );
  assert.equal(result.generator.cores, 1);
  assert.deepEqual([result.fairness.worstWaitMs, result.fairness.worstWaitCaller], [50, 'load-2']);
});

test('fairness counts what callers got for each request, and leaves a hog out', () => {
  const senders = [
    thread([
      { sent: 100, waitMs: 5, cpuMs: 1 },
      { sent: 10, waitMs: 5, cpuMs: 4 },
      { sent: 20, waitMs: 5, cpuMs: 4 },
    ]),
  ];
  assert.ok(Math.abs(resultOf(senders, { skew: 'one-hog' }).fairness.jainIndex - 1) < 1e-12);
  assert.ok(Math.abs(resultOf(senders).fairness.jainIndex - 81 / 99) < 1e-12);
});
