import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from '../load-result.ts';
import { parseAssertion, type Assertion } from './assertion.ts';
import { distribution, sampleCallbacks, sampleEndpoint, sampleResult } from './sample-result.ts';
import { verdictOf } from './verdict.ts';

function assertions(...texts: string[]): Assertion[] {
  return texts.map((text) => {
    const parsed = parseAssertion(text);
    assert.equal(parsed.kind, 'assertion');
    return (parsed as { assertion: Assertion }).assertion;
  });
}

test('a load of which everything is there and right is good', () => {
  const { word, faults, alarms, warnings } = verdictOf(sampleResult(), []);
  assert.deepEqual([word, faults, alarms, warnings], ['passed', [], [], []]);
});

test('more arrivals than there are different numbers are warned of', () => {
  assert.deepEqual(verdictOf(sampleResult({ planned: 64, distinctNumbers: 64 }), []).warnings, []);
  const { word, warnings } = verdictOf(sampleResult({ planned: 65, distinctNumbers: 64 }), []);
  assert.equal(word, 'passed');
  assert.match(warnings[0] ?? '', /^Numbers came again: only 64 of 65/);
});

test('a thread that has no time left for callbacks is warned of', () => {
  const { generator } = sampleResult();
  const { warnings } = verdictOf(sampleResult({ generator: { ...generator, receiverCores: 0.9 } }), []);
  assert.match(warnings[0] ?? '', /receives callbacks was busy: it used 0\.90 cores/);
});

test('a load without callbacks has none of them missing', () => {
  assert.equal(verdictOf(sampleResult({ callbacks: undefined }), []).word, 'passed');
});

test('whatever is lost, wrong, failed or missing makes it bad, and is told', () => {
  const { latency } = sampleEndpoint();
  const cases: [Partial<LoadResult>, RegExp][] = [
    [{ wrong: 1 }, /^1 answer is wrong, 3,000 are right$/],
    [{ lost: 2 }, /^2 accepted requests are lost$/],
    [{ endpoints: [sampleEndpoint({ failed: { '503 overloaded': 12 }, latency })] }, /^12 exchanges failed$/],
    [{ endpoints: [sampleEndpoint({ notAnswered: 1 })] }, /^1 exchange was never answered$/],
    [{ unfinished: 4 }, /^4 accepted requests have no result 30\.0 s after the last arrival$/],
    [{ callbacks: sampleCallbacks({ missing: 7 }) }, /^7 callbacks never came$/],
    [{ callbacks: sampleCallbacks({ badlySigned: 1 }) }, /^1 callback is badly signed$/],
    [{ callbacks: sampleCallbacks({ gaps: 1 }) }, /^1 number is missing in the sequences/],
    [{ sent: 0 }, /^nothing was sent/],
  ];
  for (const [overrides, fault] of cases) {
    const { word, faults } = verdictOf(sampleResult(overrides), []);
    assert.equal(word, 'failed', String(fault));
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', fault);
  }
});

test('a wrong answer is an alarm, with the first few of them', () => {
  const { alarms } = verdictOf(sampleResult({ wrong: 3, wrongExamples: ['15 is not 3 · 7'] }), []);
  assert.deepEqual(alarms, ['3 WRONG ANSWERS', '15 is not 3 · 7']);
});

test('an assertion that does not hold makes it bad', () => {
  const { word, assertions: outcomes } = verdictOf(sampleResult(), assertions('sync.p99<1ms', 'jain>0.9'));
  assert.equal(word, 'failed');
  assert.deepEqual(
    outcomes.map(({ holds }) => holds),
    [false, true],
  );
});

test('an assertion about failures takes the place of "none", and nothing excuses lost and wrong', () => {
  const endpoints = [sampleEndpoint({ sent: 1_000, failed: { '503 overloaded': 5 } })];
  assert.equal(verdictOf(sampleResult({ endpoints }), []).word, 'failed');
  assert.equal(verdictOf(sampleResult({ endpoints }), assertions('failed<1%')).word, 'passed');
  assert.equal(verdictOf(sampleResult({ endpoints }), assertions('failed<0.1%')).word, 'failed');
  assert.equal(verdictOf(sampleResult({ lost: 1 }), assertions('lost<50%')).word, 'failed');
  assert.equal(verdictOf(sampleResult({ wrong: 1 }), assertions('wrong<50%')).word, 'failed');
});

test('what makes the numbers doubtful is warned of without making the load bad', () => {
  const slow = distribution([1, 80]);
  const { word, warnings } = verdictOf(
    sampleResult({
      endpoints: [sampleEndpoint({ late: 1 })],
      callbacks: sampleCallbacks({ twice: 1, unverified: 2 }),
      generator: { threads: 2, cores: 1.9, receiverCores: 0, lag: slow, dropped: 300, connectionWaits: 31 },
    }),
    [],
  );
  assert.equal(word, 'passed');
  const expected = [
    /COULD NOT KEEP UP: 300 of 3,000 planned arrivals \(10 %\)/,
    /late itself: .* 80\.0 ms/,
    /^31 of 3,000 arrivals found no free connection/,
    /busy: it used 1\.90 cores of the 2/,
    /^1 answer took longer than 2 s/,
    /^1 callback came more than once/,
    /^2 callbacks could not be verified/,
  ];
  assert.equal(warnings.length, expected.length);
  for (const [i, warning] of warnings.entries()) assert.match(warning, expected[i] ?? /never/);
});

test('a load of less than a second is not told that its generator was busy', () => {
  const generator = { ...sampleResult().generator, cores: 19 };
  assert.deepEqual(verdictOf(sampleResult({ elapsedMs: 999, generator }), []).warnings, []);
  assert.equal(verdictOf(sampleResult({ elapsedMs: 1_000, generator }), []).warnings.length, 1);
});

test('an interrupted load has not passed, and is not held to what nobody waited for', () => {
  const cut = { interrupted: true, elapsedMs: 4_000, unfinished: 5 } as const;
  const { word, faults, warnings } = verdictOf(sampleResult(cut), []);
  assert.deepEqual([word, faults], ['interrupted', []]);
  assert.match(warnings[0] ?? '', /^Interrupted after 4 s: nobody waited /);
  assert.equal(verdictOf(sampleResult({ ...cut, lost: 1 }), []).word, 'failed');
  assert.equal(verdictOf(sampleResult(cut), assertions('sync.p99<1ms')).word, 'failed');
});
