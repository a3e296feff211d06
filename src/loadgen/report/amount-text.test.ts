import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf, millisText, plainMillis, rateText, shareText, spanText } from './amount-text.ts';

test('milliseconds have three digits from microseconds to minutes, and never four where rounding carries over', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [0.0004, '0 ms'],
    [0.042, '0.042 ms'],
    [0.9996, '1.00 ms'],
    [3.4, '3.40 ms'],
    [9.996, '10.0 ms'],
    [99.96, '100 ms'],
    [120.4, '120 ms'],
    [999.6, '1.00 s'],
    [12_340, '12.3 s'],
    [59_960, '1 min'],
    [185_000, '3 min 05 s'],
  ];
  for (const [ms, expected] of cases) assert.equal(millisText(ms), expected, String(ms));
});

test('a column of milliseconds has the same digits without the unit', () => {
  assert.deepEqual([0, 0.042, 0.9996, 9.996, 99.96, 1_400].map(plainMillis), [
    '0',
    '0.042',
    '1.00',
    '10.0',
    '100',
    '1,400',
  ]);
});

test('spans read as they were given', () => {
  assert.deepEqual([500, 1_500, 30_000, 60_000, 90_000, 4_200_000, 7_200_000].map(spanText), [
    '500 ms',
    '1.5 s',
    '30 s',
    '1 min',
    '1 min 30 s',
    '1 h 10 min',
    '2 h',
  ]);
});

test('counts, rates and shares are short', () => {
  assert.deepEqual([countOf(1, 'answer'), countOf(1_234, 'answer')], ['1 answer', '1,234 answers']);
  assert.deepEqual([0.5, 12.34, 50, 1_234.5].map(rateText), ['0.5/s', '12.3/s', '50/s', '1,235/s']);
  assert.deepEqual([0, 0.00066667, 0.1234, 1].map(shareText), ['0 %', '0.067 %', '12.3 %', '100 %']);
});
