import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from './tally.ts';

test('counts go up and down by name, and in all', () => {
  const tally = new Tally();
  tally.add('a', 3);
  tally.add('b', 2);
  tally.add('a', -1);
  assert.deepEqual([tally.of('a'), tally.of('b'), tally.of('c'), tally.total], [2, 2, 0, 4]);
  tally.add('a', -2);
  tally.add('b', -2);
  assert.deepEqual([tally.of('a'), tally.total], [0, 0]);
});
