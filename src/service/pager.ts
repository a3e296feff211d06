/**
 * Keeps the windows in memory filled: what is accepted is loaded, or left to the store and read back in pages as its turn comes
 * near. The rules are the backlog's; this file asks the store and hands what is loaded to the scheduler.
 */
import type { Clock } from '../base/clock.ts';
import type { StoredRequest } from '../domain/request.ts';
import type { Backlog, Queued } from '../scheduler/backlog.ts';
import type { FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { Store } from '../store/store.ts';
import type { LiveRequest } from './live-job.ts';
import type { LiveSet } from './live-set.ts';
import { untilRoom } from './patience.ts';
import { scheduleEntry, type EntryRules } from './schedule-entry.ts';

export interface PagerParts extends EntryRules {
  readonly store: Store;
  readonly backlog: Backlog;
  readonly scheduler: FairScheduler;
  readonly live: LiveSet;
  readonly clock: Clock;
  /** A page has brought new work. */
  readonly onLoaded: () => void;
  readonly onFatal: (error: unknown) => void;
}

export class Pager {
  readonly #parts: PagerParts;
  #reading: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(parts: PagerParts) {
    this.#parts = parts;
  }

  /** A request is about to be written; returns its ordinal. `accepted` or `left` must follow. */
  admit(callerId: string, seq: number): number {
    return this.#parts.backlog.admit(callerId, seq);
  }

  /** It is durable and waits. `urgent`: its client waits inline, so it is loaded whatever waits before it. */
  accepted(stored: StoredRequest, urgent: boolean): void {
    if (this.#parts.backlog.accepted(stored, urgent)) this.#load(stored, urgent);
    this.read();
  }

  /** `count` requests of this caller came into the store from another one, and wait from now on. */
  adopted(callerId: string, count: number): void {
    this.#parts.backlog.adopt(callerId, count);
    this.read();
  }

  /** The client of a request that waits no longer waits inline. One that was loaded out of turn, and is not begun, goes back to the store. */
  demoted(live: LiveRequest): void {
    const { scheduler, backlog, live: set } = this.#parts;
    const { seq } = live.stored;
    scheduler.demote(seq);
    const begun = live.job.running || live.job.startedAtMs !== undefined;
    if (begun || backlog.demoted(live.stored)) return;
    scheduler.remove(seq);
    set.delete(live);
  }

  /** It waits no more, and that is durable; or it never came to wait. */
  left(queued: Queued): void {
    this.#parts.backlog.left(queued);
    this.read();
  }

  /** It is about to end though it was not loaded: no page brings it any more. `left` must follow. */
  hold(queued: Queued): void {
    this.#parts.backlog.hold(queued);
  }

  /** Reads the pages that are wanted now, one read of the store at a time. Costs nothing if none is. */
  read(): void {
    if (this.#reading || this.#closing.signal.aborted) return;
    const pages = this.#parts.backlog.demand();
    if (pages.length === 0) return;
    this.#reading = this.#read(pages)
      .catch(this.#parts.onFatal)
      .finally(() => {
        this.#reading = undefined;
        this.read();
      });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
  }

  async #read(pages: ReturnType<Backlog['demand']>): Promise<void> {
    const { store, backlog, clock, onLoaded } = this.#parts;
    const rows = await untilRoom(() => store.queued(pages), clock, this.#closing.signal);
    if (!rows) return;
    for (const [i, page] of pages.entries()) {
      for (const stored of backlog.arrived(page, rows[i] ?? [])) this.#load(stored, false);
    }
    onLoaded();
  }

  #load(stored: StoredRequest, urgent: boolean): void {
    const { live, scheduler } = this.#parts;
    if (!live.get(stored.seq)) scheduler.add(scheduleEntry(live.add(stored), urgent, this.#parts));
  }
}
