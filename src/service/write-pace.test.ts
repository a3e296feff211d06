import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WritePace } from './write-pace.ts';

test('a slow batch is believed at once, quick ones little by little', () => {
  const pace = new WritePace();
  const before = pace.msFor(1_000);
  pace.took(10_000, 4_000);
  assert.equal(pace.msFor(1_000), 400);
  pace.took(10_000, 500);
  assert.ok(pace.msFor(1_000) < 400 && pace.msFor(1_000) > 200);
  for (let i = 0; i < 20; i++) pace.took(10_000, 1);
  assert.ok(pace.msFor(1_000) < before);
  assert.ok(pace.msFor(1_000) >= 50, 'what nothing takes is not believed');
});

test('of small batches nothing is learnt: most of what they take is the way to and fro', () => {
  const pace = new WritePace();
  const before = pace.msFor(1_000);
  pace.took(10, 1_000);
  assert.equal(pace.msFor(1_000), before);
});

test('after a slow batch, others are tried again before long', () => {
  const pace = new WritePace();
  pace.took(10_000, 40_000);
  for (let i = 0; i < 20; i++) pace.notTried();
  assert.ok(pace.msFor(10_000) < 1_100, `${pace.msFor(10_000)} ms are still expected`);
  const quick = new WritePace();
  quick.took(10_000, 600);
  const before = quick.msFor(10_000);
  quick.notTried();
  assert.equal(quick.msFor(10_000), before);
});
