import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { array, assert as check, constantFrom, nat, property, tuple } from 'fast-check';
import { QueuedBytes } from './queued-bytes.ts';
import { migrate } from './schema.ts';

function openTables(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  migrate(db, 'memory');
  return db;
}

/** The `i`-th of the tests' requests. */
function rowOf(i: number) {
  const callbackUrl = i % 3 === 0 ? `https://hooks.example/${i}` : null;
  return { seq: 16 * (i + 1), callerId: `caller ${i % 2}`, number: '7'.repeat(1 + (i % 50)), callbackUrl };
}

test('each caller counts for what it has queued, whatever is taken back and whenever the store was opened', () => {
  const step = tuple(constantFrom('toggle', 'toggle', 'begin', 'roll back', 'open again'), nat(30));
  check(
    property(array(step, { maxLength: 100 }), (steps) => {
      using db = openTables();
      const insert = db.prepare(
        `INSERT INTO requests (seq, token, caller, mode, status, number, ordinal, accepted_at) VALUES (?, 'T', ?, 0, 0, ?, 0, 0)`,
      );
      let queued = new Set<number>();
      let before = new Set<number>();
      let bytes = new QueuedBytes(db);
      for (const [kind, i] of steps) {
        const row = rowOf(i);
        if (kind === 'begin') {
          bytes.begin();
          before = new Set(queued);
        } else if (kind === 'roll back') {
          bytes.rollBack();
          queued = new Set(before);
          bytes.begin();
        } else if (kind === 'toggle') {
          if (queued.delete(i)) bytes.left(row);
          else {
            queued.add(i);
            bytes.joined(row);
          }
        } else {
          db.exec('DELETE FROM requests');
          for (const each of queued) insert.run(rowOf(each).seq, rowOf(each).callerId, rowOf(each).number);
          bytes = new QueuedBytes(db);
          before = new Set(queued);
        }
        assert.equal(bytes.count, queued.size);
        for (const callerId of ['caller 0', 'caller 1']) {
          const count = [...queued].filter((each) => rowOf(each).callerId === callerId).length;
          const of = bytes.of(callerId);
          assert.ok(count === 0 ? of === 0 : of >= 600 * count && of < 900 * count, `${count}: ${of}`);
        }
      }
    }),
  );
});

test('long texts count, of what has come since the store was opened', () => {
  using db = openTables();
  const bytes = new QueuedBytes(db);
  bytes.joined({ ...rowOf(0), callerId: 'short' });
  bytes.joined({ ...rowOf(0), callerId: 'long', number: '7'.repeat(1_000) });
  assert.ok(bytes.of('long') > bytes.of('short') + 1_000);
});
