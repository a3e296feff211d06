import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Factor } from '../../domain/factorization.ts';
import type { StoredValue } from '../../domain/value.ts';
import { prepare } from './statement.ts';
import { sheetRows, valueSheet } from './value-sheet.ts';

const LARGE = 10n ** 400n + 69n;

function rowsOf(json: string): (readonly [string, string])[] {
  using db = new DatabaseSync(':memory:');
  return prepare<readonly [string, string]>(db, 'SELECT key, value FROM json_each(?)').all(json);
}

test('SQLite reads every value of a sheet, and every prime of each, however often it comes', () => {
  const values = [
    ['1', ''],
    ['144', '2^4 3^2'],
    ['6', '2 3'],
    [String(2n * LARGE), `2 ${LARGE}?`],
    ['9', '3^2'],
  ] as const;
  const { factors, primes } = valueSheet(values);
  assert.deepEqual(rowsOf(factors), values);
  assert.deepEqual(rowsOf(primes), [
    ['2', '144'],
    ['3', '144'],
    ['2', '6'],
    ['3', '6'],
    ['2', String(2n * LARGE)],
    [String(LARGE), String(2n * LARGE)],
    ['3', '9'],
  ]);
});

test('no values are a sheet as well', () => {
  const { factors, primes } = valueSheet([]);
  assert.deepEqual([rowsOf(factors), rowsOf(primes)], [[], []]);
});

test('values on the same terms share a sheet, and keep their order', () => {
  const seven: Factor[] = [{ prime: 7n, exponent: 1, certainty: 'proven' }];
  const value = (number: string, version: number, expiresAtMs?: number): StoredValue => ({
    number,
    factors: seven,
    version,
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  });
  const sheets = sheetRows([
    value('7', 1),
    value('49', 1),
    value('7', 1, 5),
    value('7', 2, 5),
    value('9', 2, 5),
  ]);
  assert.deepEqual(
    sheets.map(([factors, , ...terms]) => [rowsOf(factors).map(([number]) => number), ...terms]),
    [
      [['7', '49'], null, 1],
      [['7'], 5, 1],
      [['7', '9'], 5, 2],
    ],
  );
});
