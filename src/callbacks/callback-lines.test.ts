/** The windows of due callbacks against a model that is nothing but the store: a list of what is due, looked at as a whole each time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { isDueBefore, type DueCallback } from '../domain/delivery.ts';
import {
  CallbackLines,
  ROOM_MIN,
  type CallbackPageWanted,
  type LineBounds,
  type TakenCallback,
} from './callback-lines.ts';

const START = { dueAtMs: -Infinity, sequence: 0 };

function callback(sequence: number, dueAtMs: number): DueCallback {
  return { seq: sequence, sequence, dueAtMs, url: 'https://hooks.example/' };
}

function isSame(a: DueCallback, b: DueCallback): boolean {
  return a.sequence === b.sequence && a.dueAtMs === b.dueAtMs;
}

interface Reading {
  readonly wanted: CallbackPageWanted;
  /** As the store had it when it was read. */
  page?: readonly DueCallback[];
}

/** A store, whoever writes to it, reads pages from it and takes callbacks, each in its own time. */
class Simulation {
  lines: CallbackLines;
  readonly #bounds: LineBounds;
  readonly #store = new Map<string, DueCallback[]>();
  /** Written, and not told yet. */
  readonly #untold: TakenCallback[] = [];
  readonly #readings: Reading[] = [];
  /** Taken: about to begin, and begun. */
  readonly #out: TakenCallback[] = [];
  readonly #begun: TakenCallback[] = [];
  #sequence = 0;

  constructor(bounds: LineBounds) {
    this.#bounds = bounds;
    this.lines = new CallbackLines(bounds);
  }

  get left(): readonly DueCallback[] {
    return [...this.#store.values()].flat();
  }

  /** A new callback is due, or what is due already comes to be due at another time. */
  write(callerId: string, dueAtMs: number, which?: number): void {
    const old = which === undefined ? undefined : this.#of(callerId)[which % this.#of(callerId).length];
    const due = callback(old?.sequence ?? ++this.#sequence, dueAtMs);
    this.#put(callerId, due);
    this.#untold.push({ callerId, due });
  }

  /** Callbacks come into the store from another one, and are told all at once. */
  adopt(callerId: string, times: readonly number[]): void {
    for (const dueAtMs of times) this.#put(callerId, callback(++this.#sequence, dueAtMs));
    this.lines.restore(callerId);
  }

  tell(which: number): void {
    const [told] = this.#untold.splice(which % (this.#untold.length || 1), 1);
    if (told) this.lines.add(told.callerId, told.due);
  }

  demand(limit: number): void {
    for (const wanted of this.lines.demand(limit)) {
      assert.ok(wanted.limit > 0, 'an empty page says nothing');
      this.#readings.push({ wanted });
    }
  }

  read(which: number): void {
    const reading = this.#readings[which % (this.#readings.length || 1)];
    if (!reading || reading.page) return;
    const { callerId, after, limit } = reading.wanted;
    reading.page = this.#of(callerId)
      .filter((due) => isDueBefore(after, due))
      .slice(0, limit);
  }

  arrive(which: number): void {
    const at = which % (this.#readings.length || 1);
    const { wanted, page } = this.#readings[at] ?? {};
    if (!wanted || !page) return;
    this.#readings.splice(at, 1);
    this.lines.arrived(wanted, page);
  }

  take(nowMs: number): boolean {
    const taken = this.lines.take(nowMs);
    if (!taken) return false;
    const { callerId, due } = taken;
    assert.ok(due.dueAtMs <= nowMs, 'nothing is taken before its time');
    assert.ok(!this.#out.some((other) => other.callerId === callerId), 'one of each caller at a time');
    const inHand = this.#begun.filter((other) => other.callerId === callerId).map((other) => other.due);
    assert.ok(!inHand.some((other) => isSame(other, due)), 'nothing is taken twice at a time');
    const untold = this.#untold.filter((other) => other.callerId === callerId).map((other) => other.due);
    const earlier = this.#of(callerId).filter(
      (other) => isDueBefore(other, due) && ![...inHand, ...untold].some((one) => isSame(one, other)),
    );
    assert.deepEqual(earlier, [], 'what is due before goes before');
    this.#out.push(taken);
    return true;
  }

  begin(which: number): void {
    const [taken] = this.#out.splice(which % (this.#out.length || 1), 1);
    if (!taken) return;
    this.lines.begin(taken);
    this.#begun.push(taken);
  }

  /** Over and done with, or due again at `nextMs`. What was changed meanwhile stays as it is. */
  end(which: number, nextMs?: number): void {
    const [taken] = this.#begun.splice(which % (this.#begun.length || 1), 1);
    if (!taken) return;
    const { callerId, due } = taken;
    if (this.#of(callerId).some((other) => isSame(other, due))) {
      this.#remove(callerId, due.sequence);
      if (nextMs !== undefined) {
        const next = callback(due.sequence, nextMs);
        this.#put(callerId, next);
        this.lines.add(callerId, next);
      }
    }
    this.lines.end(taken);
  }

  /** The process ends, and another one takes up the store. Some ends may be told before it has. */
  restart(early: boolean): void {
    this.lines = new CallbackLines(this.#bounds);
    this.#readings.length = 0;
    this.#out.length = 0;
    this.#begun.length = 0;
    for (const { callerId, due } of this.#untold.splice(0)) if (early) this.lines.add(callerId, due);
    for (const callerId of this.#store.keys())
      if (this.#of(callerId).length > 0) this.lines.restore(callerId);
  }

  /** Everything that is under way comes to its end. */
  drain(): void {
    for (let steps = 0; steps < 1_000; steps++) {
      this.tell(0);
      this.demand(8);
      for (let i = 0; i < 8; i++) this.read(i);
      this.arrive(0);
      this.take(Infinity);
      this.begin(0);
      this.end(0);
    }
  }

  #of(callerId: string): DueCallback[] {
    return this.#store.get(callerId) ?? [];
  }

  #put(callerId: string, due: DueCallback): void {
    this.#remove(callerId, due.sequence);
    const all = [...this.#of(callerId), due];
    this.#store.set(
      callerId,
      all.toSorted((a, b) => (isDueBefore(a, b) ? -1 : 1)),
    );
  }

  #remove(callerId: string, sequence: number): void {
    const left = this.#of(callerId).filter((due) => due.sequence !== sequence);
    this.#store.set(callerId, left);
  }
}

const callerId = fc.constantFrom('a', 'b');
const which = fc.nat(100);
const time = fc.nat(30);
type Step = (simulation: Simulation) => void;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(callerId, time).map(
      ([c, t]): Step =>
        (s) =>
          s.write(c, t),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(callerId, fc.array(time, { minLength: 4, maxLength: 8 }))
      .map(([c, times]): Step => (s) => {
        for (const t of times) s.write(c, t);
        for (const _ of times) s.tell(0);
      }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(callerId, fc.array(time, { minLength: 1, maxLength: 8 })).map(
      ([c, times]): Step =>
        (s) =>
          s.adopt(c, times),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(callerId, time, which).map(
      ([c, t, i]): Step =>
        (s) =>
          s.write(c, t, i),
    ),
  },
  {
    weight: 6,
    arbitrary: which.map(
      (i): Step =>
        (s) =>
          s.tell(i),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 4 }).map(
      (limit): Step =>
        (s) =>
          s.demand(limit),
    ),
  },
  {
    weight: 5,
    arbitrary: which.map(
      (i): Step =>
        (s) =>
          s.read(i),
    ),
  },
  {
    weight: 5,
    arbitrary: which.map(
      (i): Step =>
        (s) =>
          s.arrive(i),
    ),
  },
  {
    weight: 6,
    arbitrary: time.map(
      (t): Step =>
        (s) =>
          void s.take(t),
    ),
  },
  {
    weight: 5,
    arbitrary: which.map(
      (i): Step =>
        (s) =>
          s.begin(i),
    ),
  },
  {
    weight: 3,
    arbitrary: which.map(
      (i): Step =>
        (s) =>
          s.end(i),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(which, time).map(
      ([i, t]): Step =>
        (s) =>
          s.end(i, t),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (early): Step =>
        (s) =>
          s.restart(early),
    ),
  },
);

describe('lines of callbacks', () => {
  test('whatever happens in whatever order, nothing is lost, taken twice or out of order, and memory is bounded', () => {
    const bounds = fc.record({
      windowMax: fc.integer({ min: ROOM_MIN, max: 8 }),
      totalMax: fc.integer({ min: 1, max: 16 }),
    });
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 150, size: 'max' }), (limits, steps) => {
        const simulation = new Simulation(limits);
        for (const each of steps) {
          each(simulation);
          const { size } = simulation.lines;
          assert.ok(
            size <= limits.totalMax + 2 * ROOM_MIN && size <= 2 * limits.windowMax,
            `${size} in memory`,
          );
        }
        simulation.drain();
        assert.deepEqual(simulation.left, [], 'everything is taken in the end');
        assert.equal(simulation.lines.size, 0);
      }),
      { numRuns: 1_500 },
    );
  });

  test('what is due at once is told apart from what is due later', () => {
    const lines = new CallbackLines({ windowMax: 8, totalMax: 100 });
    lines.add('a', callback(1, 50));
    lines.add('b', callback(1, 40));
    assert.equal(lines.nextDueAtMs, 40);
    assert.equal(lines.take(39), undefined);
    assert.equal(lines.take(45)?.callerId, 'b');
    assert.equal(lines.nextDueAtMs, 50);
    assert.equal(lines.take(45), undefined);
  });

  test('of one caller the next is taken when the one before has begun, not when it has ended', () => {
    const lines = new CallbackLines({ windowMax: 8, totalMax: 100 });
    for (const sequence of [2, 1]) lines.add('a', callback(sequence, 0));
    const taken = lines.take(0);
    assert.ok(taken);
    assert.equal(taken.due.sequence, 1);
    assert.equal(lines.take(0), undefined);
    lines.begin(taken);
    assert.equal(lines.take(0)?.due.sequence, 2);
  });

  test('a caller of whom everything has ended takes no memory', () => {
    const lines = new CallbackLines({ windowMax: 8, totalMax: 100 });
    lines.restore('a');
    for (const page of lines.demand(1)) lines.arrived(page, [callback(1, 0)]);
    const taken = lines.take(0);
    assert.ok(taken);
    lines.begin(taken);
    lines.end(taken);
    assert.throws(() => lines.end(taken), /was not taken/);
    assert.deepEqual(lines.demand(1), []);
  });

  test('one caller with 100,000 callbacks, and 10,000 callers with one each, stay within the bounds of memory', () => {
    const bounds = { windowMax: 128, totalMax: 16_384 };
    const lines = new CallbackLines(bounds);
    for (let i = 1; i <= 100_000; i++) lines.add('many', callback(i, i));
    assert.equal(lines.size, bounds.windowMax);
    for (let caller = 0; caller < 10_000; caller++)
      for (let i = 1; i <= 10; i++) lines.add(`caller ${caller}`, callback(i, i));
    assert.ok(lines.size <= bounds.totalMax + ROOM_MIN * 10_001, `${lines.size} in memory`);
  });

  test('a page begins where the window ends, and asks for no more than fits', () => {
    const lines = new CallbackLines({ windowMax: 8, totalMax: 100 });
    lines.restore('a');
    const [page] = lines.demand(8);
    assert.ok(page);
    assert.deepEqual(page, { callerId: 'a', after: START, limit: 8 });
    lines.arrived(
      page,
      Array.from({ length: 8 }, (_, i) => callback(i + 1, 7)),
    );
    assert.deepEqual(lines.demand(8), [], 'while half of it is there, nothing is read');
    for (let i = 0; i < 5; i++) {
      const taken = lines.take(7);
      assert.ok(taken);
      lines.begin(taken);
    }
    assert.deepEqual(lines.demand(8), [{ callerId: 'a', after: callback(8, 7), limit: 5 }]);
  });
});
