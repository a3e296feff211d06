import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from './recent-map.ts';

function filled(capacity: number, count: number): RecentMap<number, number> {
  const map = new RecentMap<number, number>(capacity);
  for (let i = 0; i < count; i++) map.set(i, i);
  return map;
}

test('the last half of the capacity is always there, and never more than the capacity', () => {
  const map = filled(100, 1_000);
  const kept = Array.from({ length: 1_000 }, (_, i) => i).filter((i) => i < 900 && map.get(i) !== undefined);
  assert.deepEqual(kept, []);
  for (let i = 999; i >= 950; i--) assert.equal(map.get(i), i);
});

test('what is used stays, however much is added', () => {
  const map = filled(100, 1);
  for (let i = 1; i < 1_000; i++) {
    map.set(i, i);
    assert.equal(map.get(0), 0);
  }
});

test('setting a key again replaces its value', () => {
  const map = filled(4, 3);
  map.set(0, 7);
  assert.equal(map.get(0), 7);
});
