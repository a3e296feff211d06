import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareNumbers } from '../../domain/value.ts';
import { numberOfLine, valueLine } from '../../domain/value-line.ts';
import { mergedValues } from './merged-values.ts';

const numbers = fc.uniqueArray(fc.bigInt({ min: 1n, max: 120n }).map(String), { maxLength: 60 });

test('page after page, every number that any replica keeps is told once, ascending by size', () => {
  fc.assert(
    fc.property(
      fc.array(numbers, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      (kept, limit) => {
        const told: string[] = [];
        let after = '0';
        for (let pages = 0; ; pages++) {
          assert.ok(pages < 1_000, 'it comes to an end');
          const { lines, next } = mergedValues(
            kept.map((all) =>
              all
                .filter((number) => compareNumbers(number, after) > 0)
                .toSorted(compareNumbers)
                .slice(0, limit)
                .map((number) => valueLine({ number, factors: [] })),
            ),
            limit,
          );
          assert.ok(lines.length <= limit);
          told.push(...lines.map(numberOfLine));
          if (next === undefined) break;
          assert.ok(compareNumbers(next, after) > 0, 'it goes on');
          after = next;
        }
        assert.deepEqual(told, [...new Set(kept.flat())].toSorted(compareNumbers));
      },
    ),
  );
});
