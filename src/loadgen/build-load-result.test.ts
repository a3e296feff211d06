import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLoadResult, jainIndex } from './build-load-result.ts';
import { CallbackMatch } from './callback-match.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadResult } from './load-result.ts';
import { LoadTally } from './load-tally.ts';
import { callerTable } from './report/report-tables.ts';
import type { SenderReport } from './sender-protocol.ts';
import { testOptions } from './test-load.ts';

/** When arrivals end, by the clock of the service. */
const ARRIVALS_MS = 1_000;

interface CallerPlan {
  readonly sent: number;
  readonly waitMs: number;
  readonly cpuMs: number;
  /** When the i-th of them ends; all at once unless given. */
  readonly endsAt?: (i: number) => number;
}

/** A thread on which each caller sent so many, each done after a wait and for some CPU time. */
function thread(callers: readonly CallerPlan[]): SenderReport {
  const tally = new LoadTally(0, callers.length, ARRIVALS_MS);
  callers.forEach(({ sent, waitMs, cpuMs, endsAt = () => 0 }, caller) => {
    for (let i = 0; i < sent; i++) {
      tally.planned(i);
      tally.submitted('POST /sync', caller);
      tally.ended('POST /sync', undefined, i, i + 10);
      tally.accepted();
      const told = { status: 'done', number: '15', primes: ['3', '5'], isComplete: true };
      const times = { acceptedAtMs: 0, startedAtMs: waitMs, finishedAtMs: endsAt(i) };
      tally.done(caller, i, i + 10, { ...told, ...times, cpuMs });
    }
  });
  return { tally: tally.report(), match: new CallbackMatch().report(), connectionWaits: 2, cores: 0.5 };
}

function resultOf(senders: readonly SenderReport[], options: Partial<LoadOptions> = {}): LoadResult {
  return buildLoadResult({
    options: testOptions({ urls: ['http://a'], ...options }),
    callerIds: ['load-1', 'load-2', 'load-3'],
    distinctNumbers: 1_000,
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
  assert.ok(Math.abs(resultOf(senders, { skew: 'one-hog' }).fairness.jainIndex! - 1) < 1e-12);
  assert.ok(Math.abs(resultOf(senders).fairness.jainIndex! - 81 / 99) < 1e-12);
});

test('a service that serves callers one after the other is told from one that takes them in turn, though both finish all', () => {
  const served = (endOf: (caller: number, i: number) => number) =>
    resultOf([
      thread(
        [0, 1, 2].map((caller) => ({ sent: 10, waitMs: 5, cpuMs: 100, endsAt: (i) => endOf(caller, i) })),
      ),
    ]);
  const inTurn = served((caller, i) => 100 * (3 * i + caller + 1));
  const oneByOne = served((caller, i) => 100 * (10 * caller + i + 1));
  assert.ok(inTurn.fairness.jainIndex! > 0.95, `in turn: ${inTurn.fairness.jainIndex}`);
  assert.equal(oneByOne.fairness.jainIndex, 1 / 3);
  assert.deepEqual(
    oneByOne.callers.map(({ cpuShare }) => cpuShare),
    [1, 0, 0],
  );
});

test("Jain's index is not told where callers ask for unequal amounts", () => {
  const callers = [20, 10, 5].map((sent) => ({ sent, waitMs: 5, cpuMs: 1 }));
  assert.equal(resultOf([thread(callers)], { skew: 'zipf' }).fairness.jainIndex, undefined);
});

test('values, of which no CPU time is told, do not make the share of a caller smaller', () => {
  const tally = new LoadTally(0, 2, ARRIVALS_MS);
  const told = {
    status: 'done',
    number: '15',
    primes: ['3', '5'],
    isComplete: true,
    finishedAtMs: 5,
    cpuMs: 1,
  };
  for (const caller of [0, 1]) {
    tally.submitted('POST /sync', caller);
    tally.done(caller, 0, 10, told);
  }
  for (let i = 0; i < 10; i++) tally.submitted('POST /values', 0);
  const sender = {
    tally: tally.report(),
    match: new CallbackMatch().report(),
    connectionWaits: 0,
    cores: 0.5,
  };
  assert.equal(resultOf([sender]).fairness.jainIndex, 1);
});

test('reasons of any length are told by their beginning', () => {
  const tally = new LoadTally(0, 1, ARRIVALS_MS);
  tally.submitted('POST /sync', 0);
  tally.ended('POST /sync', `500 ${'x'.repeat(10_000)}`, 0, 10);
  const sender = { tally: tally.report(), match: new CallbackMatch().report(), connectionWaits: 0, cores: 0 };
  assert.deepEqual(resultOf([sender]).endpoints[0]?.failed, { [`500 ${'x'.repeat(116)}`]: 1 });
});

test('a caller of whom nothing is ever finished is the one that waited longest', () => {
  const tally = new LoadTally(0, 2, ARRIVALS_MS);
  for (const caller of [0, 1]) {
    tally.submitted('POST /requests', caller);
    tally.accepted();
  }
  const told = { status: 'done', number: '15', primes: ['3', '5'], isComplete: true, cpuMs: 1 };
  tally.done(0, 0, 10, { ...told, acceptedAtMs: 0, startedAtMs: 5, finishedAtMs: 9 });
  tally.unended(1, 30_000);
  const result = resultOf([
    { tally: tally.report(), match: new CallbackMatch().report(), connectionWaits: 0, cores: 0.5 },
  ]);
  assert.equal(result.fairness.worstWaitCaller, 'load-2');
  assert.ok(result.fairness.worstWaitMs >= 29_000, `worst wait ${result.fairness.worstWaitMs}`);
  const [first] = callerTable(result).rows;
  assert.equal(first?.[0], 'load-2');
  assert.match(first?.join(' ') ?? '', /≥ /);
});
