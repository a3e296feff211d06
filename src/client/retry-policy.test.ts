import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_RETRY_POLICY, retryAfterMs, retryDelayMs } from './retry-policy.ts';

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a delay is never shorter than asked for, and longer by less than the back-off allows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      unit,
      (failures, asked, random) => {
        const delayMs = retryDelayMs(failures, asked, DEFAULT_RETRY_POLICY, () => random);
        const { baseMs, capMs } = DEFAULT_RETRY_POLICY;
        assert.ok(delayMs >= asked);
        assert.ok(delayMs <= asked + capMs && delayMs <= asked + baseMs * 2 ** (failures - 1));
      },
    ),
  );
});

test('many clients that fail together come back spread over the whole range', () => {
  const delays = Array.from({ length: 100 }, (_, i) =>
    retryDelayMs(5, 0, { baseMs: 100, capMs: 10_000 }, () => i / 100),
  );
  assert.equal(Math.min(...delays), 0);
  assert.ok(Math.max(...delays) > 1_500);
  assert.equal(new Set(delays).size, 100);
});

test('Retry-After is understood as seconds and as an HTTP date; anything else asks for nothing', () => {
  const nowMs = Date.UTC(2026, 10, 21, 20, 0, 0);
  const cases: [string | null, number][] = [
    ['0', 0],
    ['120', 120_000],
    ['Sat, 21 Nov 2026 20:01:30 GMT', 90_000],
    ['Sat, 21 Nov 2026 19:00:00 GMT', 0],
    ['-5', 0],
    ['1.5', 0],
    ['soon', 0],
    ['', 0],
    [null, 0],
  ];
  for (const [value, expected] of cases) assert.equal(retryAfterMs(value, nowMs), expected, String(value));
});
