/**
 * The last step of a request: its end goes to the disk, and only then is it said.
 *
 * Invariants:
 *   E1. A request is told as ended if and only if its end is durable.
 *   E2. An end that the store has no room for is kept and tried again until it has; meanwhile `congested` holds work back.
 */
import type { Clock } from '../base/clock.ts';
import { COMMIT_ROWS_MAX } from '../domain/limits.ts';
import type { StoredRequest } from '../domain/request.ts';
import type { EndedJob, EndedRequest, Store } from '../store/store.ts';
import type { LiveRequest } from './live-job.ts';
import { untilRoom } from './patience.ts';

/** How a request in memory ends, as the store is told. */
export interface Ending extends EndedRequest {
  readonly live: LiveRequest;
}

export interface EndedHandler {
  /** The end of `live` is durable; `stored` is how it stands now. `applied` is false if the store had it ended already. */
  (live: LiveRequest, stored: StoredRequest, applied: boolean): void;
}

interface Gathered extends EndedJob {
  readonly requests: readonly Ending[];
}

/** Ends that may be on their way to the disk before work is held back. */
const PENDING_MAX = 4_000;

export class Endings {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onEnded: EndedHandler;
  readonly #onFatal: (error: unknown) => void;
  readonly #underWay = new Set<Promise<void>>();
  #gathered: Gathered[] = [];
  #gatheredRows = 0;
  #pending = 0;
  readonly #closing = new AbortController();

  constructor(store: Store, clock: Clock, onEnded: EndedHandler, onFatal: (error: unknown) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onEnded = onEnded;
    this.#onFatal = onFatal;
  }

  /** Whether so many ends wait for the disk that no new work should start. */
  get congested(): boolean {
    return this.#pending > PENDING_MAX;
  }

  /**
   * Ends requests of one job. They are `ending` from now on. What ends in the same turn goes to the store together. Of a job that
   * was for guests alone, there may be something to remember.
   */
  end(job: Omit<EndedJob, 'requests'>, endings: readonly Ending[]): void {
    if (endings.length === 0 && job.known) this.#gather({ ...job, requests: endings });
    this.#pending += endings.length;
    for (let i = 0; i < endings.length; i += COMMIT_ROWS_MAX)
      this.#gather({ ...job, requests: endings.slice(i, i + COMMIT_ROWS_MAX) });
  }

  /**
   * Resolves when every end so far is durable, or can't be, for want of room: those requests are still queued on disk, and the
   * next start computes them again.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#send();
    await Promise.all(this.#underWay);
  }

  #gather(job: Gathered): void {
    for (const { live } of job.requests) live.phase = 'ending';
    if (this.#gathered.length === 0) queueMicrotask(() => this.#send());
    this.#gathered.push(job);
    this.#gatheredRows += job.requests.length;
    if (this.#gatheredRows >= COMMIT_ROWS_MAX) this.#send();
  }

  #send(): void {
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    this.#gatheredRows = 0;
    const work = this.#commit(gathered).catch(this.#onFatal);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #commit(jobs: readonly Gathered[]): Promise<void> {
    const ended = await untilRoom(() => this.#store.finish(jobs), this.#clock, this.#closing.signal);
    if (!ended) return;
    for (const { requests } of jobs) {
      this.#pending -= requests.length;
      for (const ending of requests) {
        const sequence = ended.get(ending.seq);
        this.#onEnded(ending.live, endedRequest(ending, sequence), sequence !== undefined);
      }
    }
  }
}

/** As the store has it now. */
function endedRequest({ live, state, timeline }: Ending, sequence = 0): StoredRequest {
  const ended = { ...live.stored, state, timeline };
  if (sequence === 0) return ended;
  return {
    ...ended,
    delivery: { status: 'pending', sequence, attempts: 0, dueAtMs: state.finishedAtMs },
  };
}
