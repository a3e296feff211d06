import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Samples } from './samples.ts';

test('quantiles are values that were measured, by nearest rank', () => {
  const samples = Samples.of(Array.from({ length: 1000 }, (_, i) => 1000 - i));
  assert.deepEqual(
    [0, 0.5, 0.99, 0.999, 1].map((q) => samples.quantile(q)),
    [1, 500, 990, 999, 1000],
  );
});

test('values added after a quantile was read count too', () => {
  const samples = Samples.of([5, 1]);
  assert.equal(samples.quantile(1), 5);
  for (let i = 0; i < 3000; i++) samples.add(10 + i);
  assert.equal(samples.quantile(1), 3009);
  assert.equal(samples.count, 3002);
});

test('the median of an even count is the mean of the middle two', () => {
  assert.equal(Samples.of([4, 1, 2, 3]).median(), 2.5);
  assert.equal(Samples.of([3, 1, 2]).median(), 2);
  assert.equal(Samples.of([7]).median(), 7);
});

test('there is no quantile of nothing', () => {
  assert.ok(Number.isNaN(new Samples().quantile(0.5)));
});
