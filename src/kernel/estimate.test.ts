import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateCpuMs } from './estimate.ts';

test('estimates are positive and rise with the size, from 1 to 1,000 digits', () => {
  let before = 0;
  for (let bits = 1n; bits <= 3322n; bits++) {
    const ms = estimateCpuMs(1n << (bits - 1n));
    assert.ok(ms > 0 && ms >= before && Number.isFinite(ms), `${bits} bits: ${ms} ms after ${before} ms`);
    before = ms;
  }
});

test('small numbers are estimated far below a slice, large ones far above', () => {
  assert.ok(estimateCpuMs(10n ** 18n) < 1);
  assert.ok(estimateCpuMs(10n ** 80n) > 60_000);
});
