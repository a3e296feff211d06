import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareNumbers } from '../../domain/value.ts';
import { sizeKey, sqlNumberOfKey, sqlSizeKey } from './size-key.ts';

/** Decimal numbers of any length up to 1,000 digits, as likely short as long. */
const decimal = fc
  .oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 1_000 }))
  .chain((digits) => fc.stringMatching(new RegExp(`^[1-9][0-9]{${digits - 1}}$`), { size: 'max' }));

test('SQLite orders the keys by the size of their numbers, and each gives its number back', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE keys (key ANY PRIMARY KEY) STRICT');
  const insert = db.prepare('INSERT OR IGNORE INTO keys VALUES (?)');
  const inOrder = db.prepare(`SELECT ${sqlNumberOfKey('key')} AS number FROM keys ORDER BY key`);
  fc.assert(
    fc.property(fc.array(decimal, { maxLength: 50 }), (numbers) => {
      db.exec('DELETE FROM keys');
      for (const number of numbers) insert.run(sizeKey(number));
      const expected = [...new Set(numbers)].toSorted(compareNumbers);
      assert.deepEqual(
        inOrder.all().map((row) => row['number']),
        expected,
      );
    }),
    { numRuns: 50 },
  );
  db.close();
});

test('SQLite makes the same key of a number', () => {
  using db = new DatabaseSync(':memory:');
  const same = db.prepare(`SELECT (${sqlSizeKey('?1')}) IS ?2 AS same`);
  fc.assert(fc.property(decimal, (number) => same.get(number, sizeKey(number))?.['same'] === 1));
});
