import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from '../load-result.ts';
import { accountOf } from './account.ts';
import { reportPage } from './html/page.ts';
import { jsonReport } from './json-report.ts';
import { emptyResult, sampleResult } from './sample-result.ts';
import { textReport } from './text-report.ts';
import { verdictOf } from './verdict.ts';

function amountsIn(result: LoadResult): Map<string, string> {
  return new Map(
    accountOf(result).flatMap(({ name, amounts }) =>
      amounts.map(({ label, value }) => [`${name}: ${label}`, value] as const),
    ),
  );
}

test('terminal, page and JSON tell the same amounts', () => {
  const result = sampleResult({ unfinished: 17, lost: 4 });
  const verdict = verdictOf(result, []);
  const [text, page] = [textReport(result, verdict), reportPage(result, verdict)];
  const groups = accountOf(result);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['requests', 'exchanges', 'rate', 'callbacks', 'fairness', 'generator'],
  );
  for (const { label, value, isFirst } of groups.flatMap(({ amounts }) => amounts)) {
    const shown = isFirst ? `${value} ${label}` : `${label} ${value}`;
    assert.ok(text.includes(shown), `the terminal does not tell ${shown}`);
    const row = `<bdi>${label.replace("'", '&#39;')}</bdi></th><td>${value}</td>`;
    assert.ok(page.replaceAll(' class="zero"', '').includes(row), `the page does not tell ${shown}`);
  }
  const { metrics } = JSON.parse(jsonReport(result, verdict)) as { metrics: Record<string, number> };
  assert.deepEqual(
    [metrics.unfinished, metrics.lost, metrics['sync.p99'], metrics.jain, metrics['done.rate']],
    [17, 4, result.endpoints[1]?.latency.p99, 0.998, (3_000 * 1_000) / 31_200],
  );
});

test('each amount is told in its own unit, and the longest wait with whose it was', () => {
  const amounts = amountsIn(sampleResult());
  assert.equal(amounts.get('requests: done and right'), '3,000');
  assert.equal(amounts.get('rate: done'), '96.2/s');
  assert.equal(amounts.get('rate: over'), '31.2 s');
  assert.equal(amounts.get('fairness: worst wait'), '640 ms (load-1)');
  assert.equal(amounts.get("fairness: Jain's index"), '0.998 over 9.00 s of CPU time');
  assert.equal(amounts.get('generator: sending'), '0.12 cores');
});

test('what was not measured is left out', () => {
  const amounts = amountsIn({ ...emptyResult(), callbacks: undefined });
  assert.ok(amounts.has('requests: lost'));
  for (const name of amounts.keys()) assert.doesNotMatch(name, /^(?:callbacks|fairness)|receiving/);
});
