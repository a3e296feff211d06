import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from './retry-after.ts';

test('Retry-After is understood as seconds and as an HTTP date; anything else asks for nothing', () => {
  const nowMs = Date.UTC(2026, 10, 21, 20, 0, 0);
  const cases: [string | undefined, number][] = [
    ['0', 0],
    [' 120 ', 120_000],
    ['Sat, 21 Nov 2026 20:01:30 GMT', 90_000],
    ['Sat, 21 Nov 2026 19:00:00 GMT', 0],
    ['-5', 0],
    ['1.5', 0],
    ['2027', 2_027_000],
    ['9'.repeat(40), 0],
    ['soon', 0],
    ['', 0],
    [undefined, 0],
  ];
  for (const [value, expected] of cases) assert.equal(retryAfterMs(value, nowMs), expected, String(value));
});
