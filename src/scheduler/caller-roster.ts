/**
 * The callers that the scheduler knows, the floor that they go on from, and how long one with nothing to do is remembered. Keeps F1 to
 * F4 of `FairScheduler`, as far as they are about callers.
 *
 * Invariants:
 *   R1. A caller with no stakes and nothing running is in `#idle`, or forgotten.
 *   R2. At most `IDLE_MAX` callers are idle: those beyond who owe least are forgotten. Whoever floods it with new ids gets no more
 *       by that than each new id gets.
 *   R3. `weights` is the sum over callers with entries.
 */
import { assert } from '../base/assert.ts';
import { IndexedHeap } from '../base/indexed-heap.ts';
import { Caller, type Contender } from './stake.ts';
import type { TurnOrder } from './turn-order.ts';

export const TAGS_PER_MS = 1_000;
/** At some 300 bytes each. */
export const IDLE_MAX = 50_000;

/** In virtual microseconds, at least one. */
export function virtualCost(ms: number, weight: number): number {
  return Math.max(1, Math.round((ms * TAGS_PER_MS) / weight));
}

export class CallerRoster {
  readonly #weightOf: (callerId: string) => number;
  readonly #sliceMs: number;
  readonly #order: TurnOrder;
  readonly #callers = new Map<string, Caller>();
  readonly #idle = new IndexedHeap<Contender>((a, b) => this.#owesUntil(a.lead) < this.#owesUntil(b.lead));
  #floor = 0;
  #appearances = 0;
  #counted = 0;
  weights = 0;

  constructor(weightOf: (callerId: string) => number, sliceMs: number, order: TurnOrder) {
    this.#weightOf = weightOf;
    this.#sliceMs = sliceMs;
    this.#order = order;
  }

  /** Callers remembered, the idle ones among them. */
  get size(): number {
    return this.#callers.size;
  }

  get floorMs(): number {
    return this.#floor / TAGS_PER_MS;
  }

  find(id: string): Caller | undefined {
    return this.#callers.get(id);
  }

  /** One that is not known (any more). */
  admit(id: string): Caller {
    const weight = this.#weightOf(id);
    assert(weight > 0 && Number.isFinite(weight), `The weight of caller ${id} must be above 0: ${weight}`);
    const caller = new Caller(id, weight, this.#floor - this.#sliceCost(weight), ++this.#appearances);
    this.#callers.set(id, caller);
    return caller;
  }

  /** An entry of this caller has come. */
  count(caller: Caller, estimateMs: number): void {
    if (caller.entries === 0) this.weights += caller.weight;
    this.#counted++;
    caller.entries++;
    caller.estimateMs += estimateMs;
  }

  /** An entry has left. Sums of fractions end at 0 exactly. */
  uncount(caller: Caller, estimateMs: number): void {
    this.#counted--;
    caller.entries--;
    caller.estimateMs = caller.entries === 0 ? 0 : caller.estimateMs - estimateMs;
    if (caller.entries === 0) this.weights = this.#counted === 0 ? 0 : this.weights - caller.weight;
  }

  /** It goes on from the floor, or from `headStart` below it, if it was lower. */
  raise(caller: Caller, headStart = 0): void {
    const start = this.#floor - headStart;
    if (caller.tag >= start) return;
    caller.tag = start;
    this.#order.reposition(caller);
  }

  /** By how much less than a slice work of `estimateMs` is expected to take, as virtual time. */
  headStart({ weight }: Caller, estimateMs: number): number {
    return Math.max(0, this.#sliceCost(weight) - virtualCost(estimateMs, weight));
  }

  /** A turn began at `tag`. */
  raiseFloor(tag: number): void {
    if (tag <= this.#floor) return;
    this.#floor = tag;
    for (
      let idle = this.#idle.top;
      idle !== undefined && this.#owesUntil(idle.lead) <= tag;
      idle = this.#idle.top
    )
      this.#forget(idle);
  }

  /** It has something to do again. */
  wake(caller: Caller): void {
    if (caller.home === this.#idle) this.#order.leave(caller);
  }

  /** Keeps a caller with nothing left only as long as it owes something. */
  retire(caller: Caller): void {
    if (caller.stakes > 0 || caller.running > 0 || caller.home !== undefined) return;
    if (this.#owesUntil(caller) <= this.#floor) {
      this.#callers.delete(caller.id);
      return;
    }
    this.#order.enter(caller, this.#idle);
    const least = this.#idle.top;
    if (this.#idle.size > IDLE_MAX && least !== undefined) this.#forget(least);
  }

  /** Nothing waits or runs: the floor rises to the greatest tag, and all are forgotten. */
  rest(): void {
    for (const { tag } of this.#callers.values()) this.#floor = Math.max(this.#floor, tag);
    for (let idle = this.#idle.top; idle !== undefined; idle = this.#idle.top) this.#forget(idle);
  }

  #forget(idle: Contender): void {
    this.#idle.remove(idle);
    this.#callers.delete(idle.lead.id);
  }

  #sliceCost(weight: number): number {
    return virtualCost(this.#sliceMs, weight);
  }

  /** The floor from which on it is worth nothing to the caller, who has nothing here, to be forgotten. */
  #owesUntil({ tag, weight }: Caller): number {
    return tag + this.#sliceCost(weight);
  }
}
