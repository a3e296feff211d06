import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { durationText } from './duration-text.ts';
import { progressText } from './progress-line.ts';

test('the line says how far the work is and how long it may take', () => {
  const text = progressText(10n ** 79n, 5_000, { stage: 'siqs', fraction: 0.5, remainingMs: 65_000 }, 80);
  assert.equal(text, '80 digits  siqs [###############...............] 50 %  about 1 min 05 s left');
});

test('a sieve tells its relations, where the terminal is wide enough for them', () => {
  const relations = { found: 12_345, needed: 36_983 };
  const progress = { stage: 'siqs', fraction: 0.5, remainingMs: 65_000, relations } as const;
  const text = (columns: number): string => progressText(10n ** 79n, 5_000, progress, columns);
  assert.equal(text(80), '80 digits  siqs [####...] 50 %  12345 of 36983 relations  about 1 min 05 s left');
  assert.equal(text(60), '80 digits  siqs [#######......] 50 %  about 1 min 05 s left');
});

test('where nothing honest can be said of the rest, the time so far is shown', () => {
  assert.match(progressText(10n ** 79n, 5_000, { stage: 'ecm', fraction: 0 }, 80), / 0 % {2}5\.0 s$/);
});

test('the line never reaches the last column, so that it never wraps', () => {
  const progress = fc.record({
    stage: fc.constantFrom('siqs' as const, 'linear-algebra' as const),
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
    remainingMs: fc.integer({ min: 0, max: 1e10 }),
    relations: fc.record({ found: fc.nat(), needed: fc.nat() }),
  });
  fc.assert(
    fc.property(
      progress,
      fc.integer({ min: 0, max: 300 }),
      fc.bigInt({ min: 1n, max: 10n ** 999n }),
      (some, columns, number) => {
        assert.ok(progressText(number, 1_000, some, columns).length <= Math.max(0, columns - 1));
      },
    ),
  );
});

test('durations read well from milliseconds to hours', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [9_949, '9.9 s'],
    [9_951, '10 s'],
    [59_600, '1 min 00 s'],
    [3_600_000, '1 h 00 min'],
    [7_620_000, '2 h 07 min'],
  ];
  for (const [ms, expected] of cases) assert.equal(durationText(ms), expected);
});
