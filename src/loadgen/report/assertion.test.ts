import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAssertion, parseAssertion, type Assertion } from './assertion.ts';
import {
  NOTHING_MEASURED,
  distribution,
  emptyResult,
  sampleEndpoint,
  sampleResult,
} from './sample-result.ts';

function parsed(text: string): Assertion {
  const outcome = parseAssertion(text);
  assert.equal(outcome.kind, 'assertion', text);
  return (outcome as { assertion: Assertion }).assertion;
}

/** Sync answers of 1 … 100 ms, 10 of 110 exchanges failed. */
const RESULT = sampleResult({
  planned: 110,
  sent: 110,
  accepted: 100,
  done: 90,
  unfinished: 10,
  elapsedMs: 2_000,
  endpoints: [
    sampleEndpoint({
      sent: 110,
      succeeded: 100,
      failed: { '503 overloaded': 8, 'connection reset': 2 },
      latency: distribution(Array.from({ length: 100 }, (_, i) => i + 1)),
    }),
  ],
});

test('times, counts, shares, rates and the index are held to their bounds', () => {
  const cases: [string, boolean, string][] = [
    ['sync.p99<100ms', true, '99 ms'],
    ['sync.p99<99ms', false, '99 ms'],
    ['sync.p99<=99ms', true, '99 ms'],
    ['sync.p99<0.1s', true, '99 ms'],
    ['sync.p99.9 < 1 min', true, '100 ms'],
    ['sync.min>900us', true, '1 ms'],
    ['SYNC.MAX = 100MS', true, '100 ms'],
    ['sync.mean==50.5ms', true, '50.5 ms'],
    ['failed<10', false, '10'],
    ['failed<10%', true, '9.09091 %'],
    ['unfinished<=10%', true, '10 %'],
    ['accepted.rate>=50/s', true, '50/s'],
    ['accepted.rate>3000/min', false, '50/s'],
    ['done.rate>40', true, '45/s'],
    ['jain>0.99', true, '0.998'],
    ['worst-wait<1s', true, '640 ms'],
    ['callback.p50<1s', true, '20.5925 ms'],
    ['twice=0', true, '0'],
  ];
  for (const [text, holds, actual] of cases) {
    const outcome = checkAssertion(parsed(text), RESULT);
    assert.deepEqual([outcome.holds, outcome.actual], [holds, actual], text);
  }
});

test('a miss by a hair is seen in what is told of it', () => {
  const { text, actual, holds } = checkAssertion(
    parsed('sync.max<100ms'),
    sampleResult({ endpoints: [sampleEndpoint({ latency: distribution([100.02]) })] }),
  );
  assert.deepEqual([text, actual, holds], ['sync.max<100ms', '100.02 ms', false]);
});

test('a condition is told as it was typed, and the whole is a bound', () => {
  assert.equal(checkAssertion(parsed(' sync.p99.9 < 1 min '), RESULT).text, 'sync.p99.9 < 1 min');
  assert.equal(checkAssertion(parsed('failed<=100%'), RESULT).holds, true);
  assert.equal(checkAssertion(parsed('jain<=1'), RESULT).holds, true);
});

test('what was not measured holds to nothing', () => {
  const empty = sampleResult({
    ...emptyResult(),
    callbacks: undefined,
    timeToResult: NOTHING_MEASURED,
    elapsedMs: 0,
  });
  for (const text of [
    'sync.p99<100s',
    'values.max>=0s',
    'result.p50<1s',
    'callback.max<9s',
    'missing=0',
    'done.rate<9',
    'jain>0',
    'worst-wait<9s',
  ]) {
    const { holds, actual } = checkAssertion(parsed(text), empty);
    assert.deepEqual([holds, actual], [false, 'nothing was measured'], text);
  }
  assert.equal(checkAssertion(parsed('lost<1%'), empty).holds, true, 'of nothing nothing is lost');
});

test('what cannot be understood is quoted, with what was probably meant', () => {
  const cases: [string, RegExp][] = [
    ['', /METRIC, one of < <= > >= =, and a number/],
    ['sync.p99', /METRIC, one of/],
    ['sync.p99<', /METRIC, one of/],
    ['sync.p99!=3ms', /METRIC, one of/],
    ['sync.p99<-3ms', /METRIC, one of/],
    ['sync.p99<1e3ms', /must have us, ms, s or min after it, such as 100ms: it is "1e3ms"|METRIC/],
    ['sync.p99<100', /must have us, ms, s or min after it, such as 100ms: it is "100"/],
    ['sync.p99<1%', /must have us, ms, s or min/],
    ['failed<1ms', /must have nothing or % after it, such as 10 or 1%: it is "1ms"/],
    ['jain<90%', /must have nothing after it/],
    ['sync<100ms', /say which of sync: sync\.min, /],
    ['sync.p98<100ms', /say which of sync: .*; not "sync\.p98"/],
    ['failled<1', /there is no metric "failled": did you mean failed\?/],
    ['constructor<1', /there is no metric "constructor"/],
    ['constructor.p99<1', /there is no metric/],
    ['sync.constructor<1ms', /say which of sync/],
    ['failed<1/s', /nothing or %/],
    ['jain>2', /jain is at most 1: the bound is "2"/],
    ['failed<101%', /failed is at most 100%: the bound is "101%"/],
  ];
  for (const [text, reason] of cases) {
    const outcome = parseAssertion(text);
    assert.equal(outcome.kind, 'fault', text);
    if (outcome.kind !== 'fault') continue;
    assert.match(outcome.reason, reason);
    assert.ok(outcome.reason.startsWith(`--assert ${JSON.stringify(text)}: `));
  }
});

test('a suffix that every object has is no unit', () => {
  assert.equal(parseAssertion('failed<1constructor').kind, 'fault');
  assert.equal(parseAssertion('sync.p99<1tostring').kind, 'fault');
  assert.equal(parseAssertion('failed<1__proto__').kind, 'fault');
});
