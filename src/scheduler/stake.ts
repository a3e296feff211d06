/**
 * Who waits for what: callers, jobs, and the stakes that join them. A stake is all entries of one caller in one job, so
 * that a caller who sends the same number a thousand times has one thing to choose instead of a thousand.
 *
 * These records belong to `FairScheduler`, which alone moves them; they keep only their own order.
 *
 * Invariants:
 *   S1. A stake has at least one entry, ascending in `goesFirst`; there is at most one for each caller and job.
 *   S2. A stake is in exactly one of: `caller.ready` (its job may run), `caller.needing` (its job lacks a place), `job.asleep`
 *       (its job is running), `job.running` (its own turn is being served), or its caller is in `job.followers`.
 *   S3. A caller follows a job only if that is its only stake.
 */
import { assert } from '../base/assert.ts';
import { type Entry, goesFirst } from './entry.ts';
import { type Indexed, IndexedHeap } from '../base/indexed-heap.ts';

/** Whatever competes for the next turn: a caller, or a job on behalf of the first of its followers. */
export interface Contender extends Indexed {
  readonly lead: Caller;
}

/** Least tag first; ties to the one served longest ago, then to the one that came first. */
export function comesFirst(a: Contender, b: Contender): boolean {
  const x = a.lead;
  const y = b.lead;
  if (x.tag !== y.tag) return x.tag < y.tag;
  if (x.served !== y.served) return x.served < y.served;
  return x.order < y.order;
}

export class Caller implements Contender {
  index = -1;
  readonly id: string;
  readonly weight: number;
  /** Virtual microseconds received: CPU time divided by the weight. Whole, so that sums are exact in whatever order. */
  tag: number;
  /** The number of the last dispatch that it paid for; 0: none yet. */
  served = 0;
  /** Ascending in order of appearance. */
  readonly order: number;
  readonly ready = new IndexedHeap<Stake>(stakeGoesFirst);
  readonly needing = new IndexedHeap<Stake>(stakeGoesFirst);
  stakes = 0;
  entries = 0;
  /** Sum over its entries. */
  estimateMs = 0;
  /** Dispatches that it pays for and that are under way. */
  running = 0;
  /** The heap it is in. */
  home: IndexedHeap<Contender> | undefined;
  following: Job | undefined;

  constructor(id: string, weight: number, tag: number, order: number) {
    this.id = id;
    this.weight = weight;
    this.tag = tag;
    this.order = order;
  }

  get lead(): Caller {
    return this;
  }
}

/** A dispatch under way. */
export interface Turn {
  /** What the engine was given. */
  readonly dispatch: object;
  /** Who pays. */
  readonly caller: Caller;
  readonly stake: Stake;
  /** Virtual microseconds charged in advance. */
  readonly charge: number;
  /** Set when the job loses its memory meanwhile. */
  memoryLost: boolean;
}

export class Job implements Contender {
  index = -1;
  readonly id: string;
  readonly placeBytes: number;
  estimateMs: number;
  running: Turn | undefined;
  hasPlace = false;
  /** Whether it has memory from an earlier slice. */
  hasMemory = false;
  /** CPU milliseconds since it got its place. */
  placeCpuMs = 0;
  /** The tag of the caller who paid for its last slice since it got its place; 0: none yet. */
  placeTag = 0;
  asleep: Set<Stake> | undefined;
  /** Callers who wait for this job and for nothing else, taken out of the others' way while it runs. */
  followers: IndexedHeap<Contender> | undefined;
  /** The only stake, or all of them once there have been two: most jobs never have more than one. */
  #stakes: Stake | Map<Caller, Stake> | undefined;

  constructor(entry: Entry) {
    this.id = entry.job;
    this.placeBytes = entry.placeBytes;
    this.estimateMs = entry.estimateMs;
  }

  get lead(): Caller {
    const first = this.followers?.top;
    assert(first !== undefined, 'A job must have followers to compete');
    return first.lead;
  }

  get needsPlace(): boolean {
    return this.placeBytes > 0 && !this.hasPlace;
  }

  get abandoned(): boolean {
    return this.#stakes === undefined;
  }

  stakes(): Stake[] {
    if (this.#stakes === undefined) return [];
    return this.#stakes instanceof Stake ? [this.#stakes] : [...this.#stakes.values()];
  }

  stakeOf(caller: Caller): Stake | undefined {
    if (this.#stakes instanceof Map) return this.#stakes.get(caller);
    return this.#stakes?.caller === caller ? this.#stakes : undefined;
  }

  addStake(stake: Stake): void {
    assert(this.stakeOf(stake.caller) === undefined, 'A caller has one stake in a job');
    if (this.#stakes === undefined) this.#stakes = stake;
    else if (this.#stakes instanceof Map) this.#stakes.set(stake.caller, stake);
    else {
      this.#stakes = new Map([
        [this.#stakes.caller, this.#stakes],
        [stake.caller, stake],
      ]);
    }
  }

  removeStake(stake: Stake): void {
    assert(this.stakeOf(stake.caller) === stake, 'Only a stake of this job can be removed from it');
    if (this.#stakes instanceof Map && this.#stakes.size > 1) this.#stakes.delete(stake.caller);
    else this.#stakes = undefined;
  }
}

export class Stake implements Indexed {
  index = -1;
  readonly caller: Caller;
  readonly job: Job;
  readonly entries: Entry[];

  constructor(caller: Caller, job: Job, entry: Entry) {
    this.caller = caller;
    this.job = job;
    this.entries = [entry];
  }

  get first(): Entry {
    const first = this.entries[0];
    assert(first !== undefined, 'A stake must have an entry');
    return first;
  }

  /** Whether this is the earlier choice of the two, both of one caller. */
  goesBefore(other: Stake): boolean {
    return goesFirst(this.first, other.first);
  }

  insert(entry: Entry): void {
    this.entries.splice(this.#rank(entry.seq, entry.urgent), 0, entry);
  }

  take(seq: number): Entry {
    const at = [false, true]
      .map((urgent) => this.#rank(seq, urgent))
      .find((rank) => this.entries[rank]?.seq === seq);
    const entry = at === undefined ? undefined : this.entries.splice(at, 1)[0];
    assert(entry !== undefined, () => `Entry ${seq} is not in the stake of ${this.caller.id}`);
    return entry;
  }

  /** How many of the entries go before one with these properties. */
  #rank(seq: number, urgent: boolean): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = this.entries[middle];
      if (entry !== undefined && goesFirst(entry, { seq, urgent })) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function stakeGoesFirst(a: Stake, b: Stake): boolean {
  return a.goesBefore(b);
}
