/**
 * The last step of a request: its end goes to the disk, and only then is it said.
 *
 * Invariants:
 *   E1. A request is told as ended if and only if its end is durable.
 *   E2. An end that the store has no room for is kept and tried again until it has; meanwhile `congested` holds work back.
 */
import type { Clock } from '../base/clock.ts';
import { COMMIT_ROWS_MAX } from '../domain/limits.ts';
import type { FinalState, StoredRequest, TimelineEvent } from '../domain/request.ts';
import type { EndedJob, Store } from '../store/store.ts';
import type { LiveRequest } from './live-job.ts';
import { untilRoom } from './patience.ts';

export interface Ending {
  readonly live: LiveRequest;
  readonly state: FinalState;
  readonly timeline: readonly TimelineEvent[];
}

export interface EndedHandler {
  /** The end of `live` is durable; `stored` is how it stands now. `applied` is false if the store had it ended already. */
  (live: LiveRequest, stored: StoredRequest, applied: boolean): void;
}

interface Gathered {
  readonly job: Omit<EndedJob, 'requests'>;
  readonly endings: readonly Ending[];
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
    if (endings.length === 0 && job.known) this.#gather(job, endings);
    this.#pending += endings.length;
    for (let i = 0; i < endings.length; i += COMMIT_ROWS_MAX)
      this.#gather(job, endings.slice(i, i + COMMIT_ROWS_MAX));
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

  #gather(job: Omit<EndedJob, 'requests'>, endings: readonly Ending[]): void {
    for (const { live } of endings) live.phase = 'ending';
    if (this.#gathered.length === 0) queueMicrotask(() => this.#send());
    this.#gathered.push({ job, endings });
    this.#gatheredRows += endings.length;
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

  async #commit(gathered: readonly Gathered[]): Promise<void> {
    const jobs = gathered.map(({ job, endings }) => ({
      ...job,
      requests: endings.map(({ live: { stored }, state, timeline }) => ({
        seq: stored.seq,
        state,
        timeline,
        ...(stored.callbackUrl !== undefined && { called: true }),
      })),
    }));
    const ended = await untilRoom(() => this.#store.finish(jobs), this.#clock, this.#closing.signal);
    if (!ended) return;
    for (const { endings } of gathered) {
      this.#pending -= endings.length;
      for (const { live, state, timeline } of endings) {
        const sequence = ended.get(live.stored.seq);
        this.#onEnded(live, endedRequest(live.stored, state, timeline, sequence), sequence !== undefined);
      }
    }
  }
}

/** As the store has it now. */
function endedRequest(
  stored: StoredRequest,
  state: FinalState,
  timeline: readonly TimelineEvent[],
  sequence = 0,
): StoredRequest {
  const ended = { ...stored, state, timeline };
  if (sequence === 0) return ended;
  return {
    ...ended,
    delivery: { status: 'pending', sequence, attempts: 0, dueAtMs: state.finishedAtMs },
  };
}
