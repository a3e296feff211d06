/**
 * Numbers that are factored while their client waits, with nothing written down: *guests* among the requests in memory.
 *
 * They go through the scheduler and the engine like all others, at the turns of their caller and ahead of what it has queued. Long ones
 * share the work for equal numbers; small ones go in groups that are worth a batch each, which costs a fifth of what going
 * one by one does. Nobody was promised anything for them, so a crash may forget them, and so may a client that hangs up.
 *
 * Invariants:
 *   G1. A guest is in the live set and in the scheduler until it is told how it ended, once; never in the store or the backlog.
 *   G2. There are at most `GUESTS_MAX`, of one caller at most half of what the others leave: nobody can fill the place. Of a party, at
 *       most `LONG_GUESTS_MAX` are long.
 *   G3. Guests have numbers of their own, in the order of arrival among those of requests, and never one of them: the versions of
 *       values are numbers of requests, and must not run ahead of the clock for what is not kept.
 */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { Tally } from '../base/tally.ts';
import type { Factor } from '../domain/factorization.ts';
import { seqAt } from '../domain/request-id.ts';
import type { StoredRequest } from '../domain/request.ts';
import type { FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { GroupOutcome, Guest, JobOutcome, LiveJob, LiveRequest } from './live-job.ts';
import type { LiveSet } from './live-set.ts';
import { scheduleEntry, type EntryRules } from './schedule-entry.ts';
import { Waiters } from './waiters.ts';

export interface GuestParts extends EntryRules {
  readonly live: LiveSet;
  readonly scheduler: FairScheduler;
  readonly dispatcher: Pick<Dispatcher, 'arrived' | 'cancel'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Whether a number is done in one go. */
  readonly isSmall: (n: bigint) => boolean;
}

/** Guests that came together. */
export interface Party {
  /** By the index of the number; undefined for one that is not factored. */
  readonly factors: readonly (readonly Factor[] | undefined)[];
  /** Whether all are factored. */
  readonly isComplete: boolean;
  /** Resolves when all are factored, when it is clear that they will not be or need not be, after `ms`, or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Sends away those who are still here. To be called in the end. */
  dismiss(): void;
}

/** At up to 2 KiB each. */
const GUESTS_MAX = 20_000;
/** Of a party, those that are not small, and go one by one: more would not be done while anybody waits. */
const LONG_GUESTS_MAX = 500;

/** Sequence numbers of requests are whole; with a half they are exact until 2060. */
const HALF = 0.5;

const QUEUED = { kind: 'queued' } as const;
const NO_EVENTS: readonly never[] = [];

export class Guests {
  readonly #parts: GuestParts;
  readonly #present = new Tally();
  readonly #waiters = new Waiters();
  #lastSeq = HALF;

  constructor(parts: GuestParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#present.total;
  }

  /**
   * Lets numbers, at least one, in as guests of a caller; undefined if there is no room for all of them, or they are too much. `isEnough` is asked after each
   * slice of a job that is not over: true ends the waiting.
   */
  invite(
    callerId: string,
    numbers: readonly bigint[],
    isEnough: (job: LiveJob) => boolean = () => false,
  ): Party | undefined {
    const own = this.#present.of(callerId);
    const others = this.#present.total - own;
    if (own + numbers.length > (GUESTS_MAX - others) / 2) return undefined;
    const long = numbers.reduce((count, n) => count + (this.#parts.isSmall(n) ? 0 : 1), 0);
    if (long > LONG_GUESTS_MAX) return undefined;
    const { scheduler, dispatcher } = this.#parts;
    const firstSeq = this.#reserve(numbers.length);
    const party = new SeatedParty(numbers.length, {
      left: (count) => this.#present.add(callerId, -count),
      over: () => this.#waiters.wake(firstSeq),
      wait: (ms, signal) => this.#waiters.wait(firstSeq, ms, signal),
      cancel: (guest) => dispatcher.cancel(guest),
      isEnough,
    });
    this.#present.add(callerId, numbers.length);
    for (const [guest, estimateMs] of this.#seat(party, callerId, firstSeq, numbers)) {
      party.guests.push(guest);
      const entry = scheduleEntry(guest, true, this.#parts);
      scheduler.add(estimateMs === undefined ? entry : { ...entry, estimateMs });
    }
    dispatcher.arrived(callerId);
    return party;
  }

  /** The first of `count` numbers, one apart. */
  #reserve(count: number): number {
    const first = Math.max(this.#lastSeq + 1, seqAt(this.#parts.clock.wallMs()) + HALF);
    this.#lastSeq = first + count - 1;
    assert(!Number.isInteger(first), `A guest has no number of a request: ${first}`);
    return first;
  }

  /** The guests for these numbers; of groups, with what they are expected to cost. */
  *#seat(
    party: SeatedParty,
    callerId: string,
    firstSeq: number,
    numbers: readonly bigint[],
  ): Generator<readonly [LiveRequest, number?]> {
    const { live, clock, costs, batchMs, isSmall } = this.#parts;
    const acceptedAtMs = clock.wallMs();
    const stored = (i: number): StoredRequest => ({
      seq: firstSeq + i,
      // No id leads to it.
      token: '',
      callerId,
      mode: 'values',
      number: String(numbers[i]),
      acceptedAtMs,
      ordinal: 0,
      state: QUEUED,
      timeline: NO_EVENTS,
    });
    let group: number[] = [];
    let groupMs = 0;
    const seatGroup = (): readonly [LiveRequest, number] => {
      const members = group.map((i) => numbers[i] as bigint);
      const seated = [
        live.addGroup(stored(group[0] ?? 0), new Seat(party, group), members),
        groupMs,
      ] as const;
      group = [];
      groupMs = 0;
      return seated;
    };
    for (const [i, number] of numbers.entries()) {
      if (!isSmall(number)) {
        yield [live.add(stored(i), new Seat(party, [i]))];
        continue;
      }
      const expectedMs = Math.min(costs.expectedMs(number, String(number)), batchMs);
      if (group.length > 0 && groupMs + expectedMs > batchMs) yield seatGroup();
      group.push(i);
      groupMs += expectedMs;
    }
    if (group.length > 0) yield seatGroup();
  }
}

/** What a party asks of its host. */
interface Host {
  readonly left: (count: number) => void;
  readonly over: () => void;
  readonly wait: Party['wait'];
  readonly cancel: (guest: LiveRequest) => void;
  readonly isEnough: (job: LiveJob) => boolean;
}

class SeatedParty implements Party {
  readonly factors: (readonly Factor[] | undefined)[];
  readonly guests: LiveRequest[] = [];
  readonly #host: Host;
  #unfactored: number;
  #isOver = false;

  constructor(size: number, host: Host) {
    this.factors = Array.from({ length: size }, () => undefined);
    this.#unfactored = size;
    this.#host = host;
  }

  get isComplete(): boolean {
    return this.#unfactored === 0;
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isOver) await this.#host.wait(ms, signal);
  }

  dismiss(): void {
    for (const guest of this.guests) if (guest.phase === 'waiting') this.#host.cancel(guest);
  }

  ended(indices: readonly number[], outcome: JobOutcome | GroupOutcome): void {
    this.#host.left(indices.length);
    const factors =
      outcome.kind === 'group' ? outcome.factors : outcome.kind === 'done' ? [outcome.factors] : undefined;
    if (factors !== undefined) {
      for (const [j, i] of indices.entries()) this.factors[i] = factors[j];
      this.#unfactored -= indices.length;
    }
    if (this.isComplete || factors === undefined) this.#end();
  }

  paused(job: LiveJob): void {
    if (this.#host.isEnough(job)) this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#host.over();
  }
}

/** One of the numbers, or a group of them. */
class Seat implements Guest {
  readonly #party: SeatedParty;
  readonly #indices: readonly number[];

  constructor(party: SeatedParty, indices: readonly number[]) {
    this.#party = party;
    this.#indices = indices;
  }

  ended(outcome: JobOutcome | GroupOutcome): void {
    this.#party.ended(this.#indices, outcome);
  }

  paused(job: LiveJob): void {
    this.#party.paused(job);
  }
}
