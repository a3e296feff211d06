import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from './latency-histogram.ts';
import { seededRandom } from './seeded-random.ts';

/** Long-tailed times from 0.05 ms to minutes. */
function someTimes(count: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => 0.05 / (random() + 1e-7));
}

function histogramOf(times: readonly number[], digits?: number): LatencyHistogram {
  const histogram = new LatencyHistogram(digits);
  for (const ms of times) histogram.record(ms);
  return histogram;
}

test('quantiles are those of nearest rank within the precision; least, greatest and mean are exact', () => {
  for (const [digits, precision] of [
    [3, 0.001],
    [2, 0.01],
  ] as const) {
    const times = someTimes(20_000, 1);
    const sorted = times.toSorted((a, b) => a - b);
    const told = histogramOf(times, digits).distribution();
    for (const [value, percentile] of [
      [told.p50, 50],
      [told.p90, 90],
      [told.p95, 95],
      [told.p99, 99],
      [told.p999, 99.9],
      ...told.curve.map(([at, ms]) => [ms, at] as const),
    ] as const) {
      const exact = sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length - 1e-9) - 1)]!;
      const room = exact * precision + 0.0015;
      assert.ok(
        Math.abs(value - exact) <= room,
        `p${percentile} of ${digits} digits: ${value} instead of ${exact}`,
      );
    }
    assert.ok(Math.abs(told.min - sorted[0]!) < 0.001 && Math.abs(told.max - sorted.at(-1)!) < 0.001);
    const mean = times.reduce((a, b) => a + b) / times.length;
    assert.ok(Math.abs(told.mean - mean) < 0.001, `mean ${told.mean} instead of ${mean}`);
  }
});

test('parts that were measured on several threads add up to the whole', () => {
  const times = someTimes(9_000, 2);
  const merged = new LatencyHistogram();
  for (let i = 0; i < 3; i++)
    merged.add(structuredClone(histogramOf(times.filter((_, j) => j % 3 === i)).data()));
  assert.deepEqual(merged.distribution(), histogramOf(times).distribution());
});

test('the curve ascends to the greatest, and is denser towards it the more there are', () => {
  const { curve, max } = histogramOf(someTimes(50_000, 3)).distribution();
  curve.forEach(([percentile, ms], i) => {
    const [before, msBefore] = curve[i - 1] ?? [-1, 0];
    assert.ok(percentile > before && ms >= msBefore, `${percentile} after ${before}`);
  });
  assert.deepEqual([curve[0]![0], curve.at(-1)], [0, [100, max]]);
  assert.ok(curve.at(-2)![0] > 99.99, `the last but one is ${curve.at(-2)![0]}`);
  assert.ok(histogramOf([1, 2, 3]).distribution().curve.length < 15);
});

test('of nothing there is nothing, and no time is below zero or beyond hours', () => {
  const { curve, ...numbers } = new LatencyHistogram().distribution();
  assert.deepEqual(curve, []);
  assert.ok(Object.values(numbers).every((value) => value === 0));
  const odd = histogramOf([-5, 0, 1e12]).distribution();
  assert.deepEqual([odd.count, odd.min, odd.p50, odd.max], [3, 0, 0, 10_800_000]);
});
