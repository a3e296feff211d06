import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates, type DatabaseView, type LeaseView } from './candidates.ts';

function view(database: number, lease: LeaseView, given: Partial<DatabaseView> = {}): DatabaseView {
  return { database, lease, keys: lease.kind === 'none' ? 0 : 5, ...given };
}

const NONE: LeaseView = { kind: 'none' };
const lease = (name: string, leftMs = 0): LeaseView => ({ kind: 'lease', name, leftMs });

test('its own of last time is best, then ownerless ones with data, then new ones, last those among the keys of others', () => {
  let views = [
    view(0, NONE, { keys: 7 }),
    view(1, NONE),
    view(2, lease('b')),
    view(3, lease('a')),
    view(4, lease('c', 900), { keys: 1 }),
    view(5, lease('d'), { keys: 1 }),
  ];
  const order: number[][] = [];
  for (let best = candidates(views, 'a', false); best.length > 0; best = candidates(views, 'a', false)) {
    order.push(best);
    views = views.filter(({ database }) => !best.includes(database));
  }
  assert.deepEqual(order, [[3], [2], [1, 5], [0]]);
});

test('while the lease of a database with data may yet run out, nobody takes a new one; after a whole lease they do', () => {
  const views = [view(0, lease('b', 900)), view(1, NONE)];
  assert.deepEqual(candidates(views, 'a', false), []);
  assert.deepEqual(candidates(views, 'a', true), [1]);
});

test('a replica waits for its own of last time, whatever else there is, but not longer than a lease', () => {
  const views = [view(0, lease('a', 900)), view(1, lease('b')), view(2, NONE)];
  assert.deepEqual(candidates(views, 'a', false), []);
  assert.deepEqual(candidates(views, 'a', true), [1]);
});

test('nobody waits for a lease that nothing is held under, save one of the own name', () => {
  const views = [view(0, lease('b', 900), { keys: 1 }), view(1, NONE)];
  assert.deepEqual(candidates(views, 'a', false), [1]);
  assert.deepEqual(candidates(views, 'b', false), []);
});

test('a database whose lease is another program’s key, or a newer program’s, is left alone', () => {
  const views = [view(0, { kind: 'foreign' }), view(1, { kind: 'newer' }), view(2, lease('b', 900))];
  assert.deepEqual(candidates(views, 'a', true), []);
});
