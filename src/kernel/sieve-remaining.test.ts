import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sieveRemainingMs } from './sieve-remaining.ts';

test('before anything is measured the table tells how long a sieve takes', () => {
  assert.equal(sieveRemainingMs(5_000, 0, { cpuMs: 0, from: 0 }), 5_000);
  assert.equal(sieveRemainingMs(5_000, 0.3, { cpuMs: 40, from: 0.3 }), 5_000);
});

test('a sieve that is three times slower than the table says so the more, the further it is', () => {
  const totalMs = 10_000;
  const ratio = (fraction: number): number =>
    sieveRemainingMs(totalMs * (1 - fraction), fraction, { cpuMs: 3 * totalMs * fraction, from: 0 }) /
    (totalMs * (1 - fraction));
  assert.ok(ratio(0.1) > 1 && ratio(0.1) < 1.5);
  assert.ok(ratio(0.5) > 1.9 && ratio(0.5) < 2.1);
  assert.ok(ratio(0.95) > 2.8 && ratio(0.95) < 3);
});

test('relations from before do not count as done in no time', () => {
  // From 80 % on, the next 10 % took 1,000 ms.
  const ms = sieveRemainingMs(1_000, 0.9, { cpuMs: 1_000, from: 0.8 });
  assert.ok(Math.abs(ms - 1_000) < 1e-6, `${ms}`);
});

test('nothing remains at the end', () => {
  assert.equal(sieveRemainingMs(0, 1, { cpuMs: 9_000, from: 0 }), 0);
  assert.equal(sieveRemainingMs(0, 1, { cpuMs: 0, from: 1 }), 0);
});
