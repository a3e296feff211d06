import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { packValues, unpackValues } from './value-row.ts';

const row = fc.tuple(
  fc.bigInt({ min: 1n, max: 10n ** 30n }).map(String),
  fc.constantFrom('', '2 3', '2^4 1000000007?'),
  fc.option(fc.constantFrom(1, 1_767_225_600_000.5)),
  fc.constantFrom(0, 16, 2 ** 52),
);

test('rows are the same behind the way between the threads, whose terms differ or do not', () => {
  fc.assert(
    fc.property(fc.array(row), (rows) => assert.deepEqual([...unpackValues(packValues(rows))], rows)),
  );
});

test('terms that all rows have travel once', () => {
  const rows = Array.from({ length: 1_000 }, () => ['6', '2 3', null, 16] as const);
  assert.ok(packValues(rows).length < 1_000 * '6\t2 3\n'.length + 10);
});
