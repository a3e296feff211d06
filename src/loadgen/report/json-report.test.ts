import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from '../load-result.ts';
import { parseAssertion } from './assertion.ts';
import { jsonReport, type ToldVerdict } from './json-report.ts';
import { sampleResult } from './sample-result.ts';
import { verdictOf } from './verdict.ts';

function told(result: LoadResult, condition?: string): LoadResult & { readonly verdict: ToldVerdict } {
  const parsed = condition === undefined ? undefined : parseAssertion(condition);
  const assertions = parsed?.kind === 'assertion' ? [parsed.assertion] : [];
  return JSON.parse(jsonReport(result, verdictOf(result, assertions))) as ReturnType<typeof told>;
}

test('a program reads the verdict next to the numbers', () => {
  const { verdict, sent } = told(sampleResult());
  assert.deepEqual([sent, verdict], [3_000, { passed: true, failures: [], warnings: [] }]);
  const { passed, failures } = told(sampleResult({ lost: 2 }), 'jain>0.999').verdict;
  assert.deepEqual(
    [passed, failures],
    [false, ['2 accepted requests are lost', 'jain>0.999: it is not: 0.998']],
  );
});

test('an interrupted load has not passed, and is told apart from one that failed', () => {
  const { verdict, interrupted } = told(sampleResult({ interrupted: true }));
  assert.deepEqual([interrupted, verdict.passed, verdict.failures], [true, false, []]);
  assert.match(verdict.warnings[0] ?? '', /^Interrupted/);
});
