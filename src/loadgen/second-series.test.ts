import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from './latency-histogram.ts';
import { SecondSeries } from './second-series.ts';

function told(series: SecondSeries, second: number, ms: number): void {
  const latency = new LatencyHistogram();
  latency.record(ms);
  series.add({ second, planned: 1, answered: 1, failed: 0, done: 1, latency: latency.data() });
}

test('the slowest answer of a second is told, however late a thread tells of it', () => {
  const series = new SecondSeries();
  told(series, 0, 10);
  told(series, 20, 10);
  told(series, 0, 3_000);
  const [first] = series.results();
  assert.equal(first?.answered, 2);
  assert.ok(first.max >= 2_990, `max ${first.max} ms`);
});
