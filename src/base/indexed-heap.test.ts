import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Indexed, IndexedHeap } from './indexed-heap.ts';

interface Item extends Indexed {
  key: number;
}

test('gives the least first, after any pushes, removals and changes of order', () => {
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'remove', 'update'),
    which: fc.nat(),
    key: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(step, { size: 'large' }), (steps) => {
      const heap = new IndexedHeap<Item>((a, b) => a.key < b.key);
      const items: Item[] = [];
      for (const { kind, which, key } of steps) {
        const item = items[which % Math.max(1, items.length)];
        if (kind === 'push') {
          const added = { index: -1, key };
          items.push(added);
          heap.push(added);
        } else if (item !== undefined && kind === 'remove') {
          items.splice(items.indexOf(item), 1);
          heap.remove(item);
          assert.equal(item.index, -1);
        } else if (item !== undefined) {
          item.key = key;
          heap.update(item);
        }
        assert.equal(heap.size, items.length);
        assert.equal(
          heap.top?.key,
          items.length === 0 ? undefined : Math.min(...items.map((each) => each.key)),
        );
      }
      const keys: number[] = [];
      for (let top = heap.top; top !== undefined; top = heap.top) {
        keys.push(top.key);
        heap.remove(top);
      }
      assert.deepEqual(
        keys,
        items.map((each) => each.key).toSorted((a, b) => a - b),
      );
    }),
  );
});

test('refuses an item that is in another heap', () => {
  const item = { index: -1, key: 1 };
  const heap = new IndexedHeap<Item>((a, b) => a.key < b.key);
  heap.push(item);
  assert.throws(() => new IndexedHeap<Item>((a, b) => a.key < b.key).push(item), /must leave its heap/);
  assert.throws(() => new IndexedHeap<Item>((a, b) => a.key < b.key).remove(item), /not in this heap/);
});
