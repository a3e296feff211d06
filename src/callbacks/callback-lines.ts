/**
 * The callbacks that are due now or later, by caller, as far as they are in memory: of each caller a window on those due first. The
 * others are in the store, and are read back in pages as their time comes.
 *
 * Pure and synchronous: times and pages are passed in. It may hold what is due no more (sent again, resumed, deleted): whoever takes
 * a callback looks at its request before anything else.
 *
 * Invariants:
 *   W1. Whatever of a caller the store has as due at or before the horizon is here, once: in the window, or taken and not ended. What
 *       is beyond the horizon is in the store only; what comes there while a page is on its way is kept until the page has arrived.
 *   W2. A window has at most `windowMax` callbacks, and all together have at most `totalMax`, save that each has room for `ROOM_MIN`.
 *       Those due last make room.
 *   W3. Of each caller one is taken at a time, until it begins; thus they begin in order.
 */
import { assert } from '../base/assert.ts';
import { IndexedHeap } from '../base/indexed-heap.ts';
import { isDueBefore, isSameAttempt, type CallbackKey, type DueCallback } from '../domain/delivery.ts';

export interface CallbackPageWanted {
  readonly callerId: string;
  readonly after: CallbackKey;
  readonly limit: number;
}

export interface TakenCallback {
  readonly callerId: string;
  readonly due: DueCallback;
}

export interface LineBounds {
  /** At least `ROOM_MIN`. */
  readonly windowMax: number;
  readonly totalMax: number;
}

interface Line {
  readonly callerId: string;
  /** Ascending. */
  readonly window: DueCallback[];
  /** Undefined: the store has nothing beyond. */
  horizon: CallbackKey | undefined;
  /** While a page is on its way: what came beyond the horizon, and may be missing from it. */
  late: DueCallback[] | undefined;
  /** The page on its way was asked for before the latest `restore`, and may lack what that was about. */
  stale: boolean;
  /** Taken and not ended; true for one of which it was said meanwhile that it is due. */
  readonly taken: Map<DueCallback, boolean>;
  /** Whether the one taken last has not begun. */
  out: boolean;
  index: number;
}

export const ROOM_MIN = 4;
const BEGINNING: CallbackKey = { dueAtMs: -Infinity, sequence: 0 };

export class CallbackLines {
  readonly #bounds: LineBounds;
  readonly #lines = new Map<string, Line>();
  /** Those of which one can be taken, by the time of their first. */
  readonly #byTime = new IndexedHeap<Line>((a, b) => isDueBefore(first(a), first(b)));
  /** Those that may want a page. */
  readonly #hungry = new Set<Line>();
  #size = 0;

  constructor(bounds: LineBounds) {
    assert(bounds.windowMax >= ROOM_MIN, `A window must have room for ${ROOM_MIN}: ${bounds.windowMax}`);
    this.#bounds = bounds;
  }

  /** Callbacks in memory that are not taken. */
  get size(): number {
    return this.#size;
  }

  /** Those with callbacks, here or in the store. */
  get callers(): number {
    return this.#lines.size;
  }

  has(callerId: string): boolean {
    return this.#lines.has(callerId);
  }

  /** When `take` will have something; Infinity if nothing is known to come. */
  get nextDueAtMs(): number {
    return this.#byTime.top ? first(this.#byTime.top).dueAtMs : Infinity;
  }

  /** A caller has some in the store of which nothing was said here: they are from before, or were adopted. */
  restore(callerId: string): void {
    const line = this.#line(callerId);
    if (line.index !== -1) this.#byTime.remove(line);
    this.#size -= line.window.length;
    line.window.length = 0;
    line.horizon = BEGINNING;
    line.stale = line.late !== undefined;
    this.#settle(line);
  }

  /** One is due, and that is durable. */
  add(callerId: string, due: DueCallback): void {
    const line = this.#line(callerId);
    if (line.horizon !== undefined && isDueBefore(line.horizon, due)) line.late?.push(due);
    else this.#insert(line, due);
  }

  /** Takes what is due at `nowMs` and has been for longest; undefined if nothing is. `begin` and `end` must follow. */
  take(nowMs: number): TakenCallback | undefined {
    const line = this.#byTime.top;
    if (line === undefined || first(line).dueAtMs > nowMs) return undefined;
    this.#byTime.remove(line);
    const due = first(line);
    line.window.shift();
    this.#size--;
    line.out = true;
    line.taken.set(due, false);
    this.#settle(line);
    return { callerId: line.callerId, due };
  }

  /** What was taken begins: the next one of its caller can be taken. */
  begin({ callerId }: TakenCallback): void {
    const line = this.#lines.get(callerId);
    assert(line?.out === true, `No callback of ${callerId} is about to begin`);
    line.out = false;
    this.#settle(line);
  }

  /** What was taken and has begun is over: what follows from it is in the store. */
  end({ callerId, due }: TakenCallback): void {
    const line = this.#lines.get(callerId);
    const again = line?.taken.get(due);
    assert(line !== undefined && again !== undefined, `This callback of ${callerId} was not taken`);
    line.taken.delete(due);
    if (again) this.add(callerId, due);
    this.#settle(line);
  }

  /** The pages to be read now, at most `limit`. `arrived` must follow for each. */
  demand(limit: number): CallbackPageWanted[] {
    const pages: CallbackPageWanted[] = [];
    for (const line of this.#hungry) {
      if (pages.length === limit) break;
      this.#hungry.delete(line);
      // Its window may have been filled since.
      if (line.horizon === undefined || !this.#isHungry(line)) continue;
      line.late = [];
      const { callerId, horizon, window } = line;
      pages.push({ callerId, after: horizon, limit: this.#room(line) - window.length });
    }
    return pages;
  }

  /** The page that was asked for. */
  arrived({ callerId, limit }: CallbackPageWanted, page: readonly DueCallback[]): void {
    const line = this.#lines.get(callerId);
    assert(line?.late !== undefined, `No page was asked for ${callerId}`);
    const { late } = line;
    line.late = undefined;
    if (line.stale) line.stale = false;
    else {
      line.horizon = page.length < limit ? undefined : page.at(-1);
      for (const due of [...page, ...late]) this.add(callerId, due);
    }
    this.#settle(line);
  }

  #line(callerId: string): Line {
    const known = this.#lines.get(callerId);
    if (known) return known;
    const line: Line = {
      callerId,
      window: [],
      horizon: undefined,
      late: undefined,
      stale: false,
      taken: new Map(),
      out: false,
      index: -1,
    };
    this.#lines.set(callerId, line);
    return line;
  }

  #insert(line: Line, due: DueCallback): void {
    const { window } = line;
    const at = placeOf(window, due);
    // A page and the word that something is due may bring the same, in any order.
    const other = window[at];
    if (other && isSameAttempt(other, due)) return;
    const twin = line.taken.keys().find((taken) => isSameAttempt(taken, due));
    if (twin) {
      line.taken.set(twin, true);
      return;
    }
    if (line.index !== -1) this.#byTime.remove(line);
    window.splice(at, 0, due);
    this.#size++;
    this.#trim(line);
    this.#settle(line);
  }

  #trim(line: Line): void {
    const { window } = line;
    const surplus = window.splice(this.#room(line));
    if (surplus.length === 0) return;
    this.#size -= surplus.length;
    line.horizon = window.at(-1);
    // A page on its way was asked for from the old horizon on, and does not bring them.
    line.late?.push(...surplus);
  }

  /** How many its window may hold now. */
  #room({ window }: Line): number {
    const { windowMax, totalMax } = this.#bounds;
    return Math.max(ROOM_MIN, Math.min(windowMax, window.length + totalMax - this.#size));
  }

  #isHungry(line: Line): boolean {
    return line.window.length <= this.#room(line) / 2;
  }

  /** Puts a line where it belongs after something about it has changed. */
  #settle(line: Line): void {
    if (line.index === -1 && line.window.length > 0 && !line.out) this.#byTime.push(line);
    if (line.late !== undefined) return;
    if (line.horizon !== undefined) {
      if (this.#isHungry(line)) this.#hungry.add(line);
    } else if (line.window.length === 0 && line.taken.size === 0) {
      this.#lines.delete(line.callerId);
      this.#hungry.delete(line);
    }
  }
}

function first({ window }: Line): DueCallback {
  const [due] = window;
  assert(due !== undefined, 'A line without callbacks has no place in time');
  return due;
}

/** Where `due` goes in an ascending list, by bisection. */
function placeOf(window: readonly DueCallback[], due: DueCallback): number {
  let low = 0;
  let high = window.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = window[middle];
    if (other !== undefined && isDueBefore(other, due)) low = middle + 1;
    else high = middle;
  }
  return low;
}
