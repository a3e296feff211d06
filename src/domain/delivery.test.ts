import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isDueBefore, isSameAttempt, type CallbackKey } from './delivery.ts';

const key = fc.record<CallbackKey, 'dueAtMs' | 'sequence'>(
  { dueAtMs: fc.nat(2), sequence: fc.nat(2), shard: fc.nat(2) },
  { requiredKeys: ['dueAtMs', 'sequence'] },
);

test('of two callbacks of a caller, one is due before the other, or they are the same attempt', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      const cases = [isDueBefore(a, b), isDueBefore(b, a), isSameAttempt(a, b)];
      assert.equal(cases.filter(Boolean).length, 1, JSON.stringify([a, b]));
    }),
  );
});

test('time decides, then the sequence number, then the shard that gave it, the own one first', () => {
  const ascending: CallbackKey[] = [
    { dueAtMs: 1, sequence: 9, shard: 9 },
    { dueAtMs: 2, sequence: 1, shard: 9 },
    { dueAtMs: 2, sequence: 2 },
    { dueAtMs: 2, sequence: 2, shard: 0 },
    { dueAtMs: 2, sequence: 2, shard: 1 },
  ];
  for (const [i, later] of ascending.entries()) {
    const earlier = ascending[i - 1];
    if (earlier) assert.ok(isDueBefore(earlier, later));
  }
});
