/**
 * A binary heap whose items know their place in it, so that any of them can be removed or moved in O(log n).
 *
 * Invariants:
 *   H1. No item goes before its parent.
 *   H2. `items[i].index === i`; an item in no heap has index −1, thus it is in one heap at most.
 */
import { assert } from './assert.ts';

export interface Indexed {
  /** Written by the heap alone; −1 at first. */
  index: number;
}

export class IndexedHeap<T extends Indexed> {
  readonly #goesBefore: (a: T, b: T) => boolean;
  #items: T[] = EMPTY;

  /** `goesBefore` must be a strict order that changes for an item in the heap only if `update` is called at once. */
  constructor(goesBefore: (a: T, b: T) => boolean) {
    this.#goesBefore = goesBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  get top(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    assert(item.index === -1, 'An item must leave its heap before it enters another');
    // A first `push` would make room for 17 items; most heaps hold one.
    if (this.#items.length === 0) this.#items = [item];
    else this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const at = this.#indexOf(item);
    const last = this.#items.pop();
    item.index = -1;
    if (last === undefined || last === item) return;
    this.#place(last, at);
    this.update(last);
  }

  /** To be called whenever the order of `item` has changed. */
  update(item: T): void {
    const at = this.#indexOf(item);
    this.#rise(item, at);
    if (item.index === at) this.#sink(item, at);
  }

  #indexOf(item: T): number {
    assert(this.#items[item.index] === item, 'The item is not in this heap');
    return item.index;
  }

  #place(item: T, at: number): void {
    this.#items[at] = item;
    item.index = at;
  }

  #rise(item: T, from: number): void {
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.#items[up];
      if (parent === undefined || !this.#goesBefore(item, parent)) break;
      this.#place(parent, at);
      at = up;
    }
    this.#place(item, at);
  }

  #sink(item: T, from: number): void {
    let at = from;
    for (;;) {
      const left = this.#items[2 * at + 1];
      const right = this.#items[2 * at + 2];
      if (left === undefined) break;
      const child = right !== undefined && this.#goesBefore(right, left) ? right : left;
      if (!this.#goesBefore(child, item)) break;
      const down = child.index;
      this.#place(child, at);
      at = down;
    }
    this.#place(item, at);
  }
}

/** Shared by all heaps that were never filled; never written to. */
const EMPTY: never[] = [];
