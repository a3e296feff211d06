/**
 * What becomes of a dispatch: the job has ended, is parked, is put back, or has broken its worker; and what that means for the requests
 * that wait for it, for its log and for its memory.
 *
 * Invariant: a dispatch is settled exactly once: `finish` or `park` of the scheduler.
 */
import type { Clock } from '../base/clock.ts';
import { JOB_BREAKS_MAX, KNOWN_CPU_MS_MIN } from '../domain/limits.ts';
import type { Factor } from '../domain/factorization.ts';
import type { Source } from '../domain/request.ts';
import type { BatchOutcome, SliceResult } from '../engine/engine.ts';
import type { Entry } from '../scheduler/entry.ts';
import type { Dispatch, FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { Store } from '../store/store.ts';
import type { Endings } from './endings.ts';
import { endingOf } from './job-ending.ts';
import { appendUnsaved } from './job-log.ts';
import type { JobMemories } from './job-memories.ts';
import { isWanted, type GroupOutcome, type JobOutcome, type LiveJob, type LiveRequest } from './live-job.ts';
import type { LiveSet } from './live-set.ts';
import { untilRoom } from './patience.ts';

export interface SettlementParts {
  readonly scheduler: FairScheduler;
  readonly store: Store;
  readonly live: LiveSet;
  readonly endings: Endings;
  readonly memories: JobMemories;
  readonly clock: Clock;
  readonly batchMs: number;
  /** A request's CPU budget. */
  readonly jobCpuMsMax: number;
}

/** How often the log of a running job goes to the store: what a crash may cost. */
const SAVE_EVERY_MS = 1_000;

export class Settlement {
  readonly #parts: SettlementParts;
  readonly #stopping: AbortSignal;
  readonly #track: (work: Promise<void>) => void;

  /** `track` is given the savings that go on meanwhile. When `stopping` is aborted, nothing waits for the store any more. */
  constructor(parts: SettlementParts, stopping: AbortSignal, track: (work: Promise<void>) => void) {
    this.#parts = parts;
    this.#stopping = stopping;
    this.#track = track;
  }

  /** Small numbers, one or a group, are factored. */
  small(dispatch: Dispatch, job: LiveJob, results: BatchResults): void {
    let cpuMs = 0;
    for (const result of results) cpuMs += result.cpuMs;
    job.cpuMs += cpuMs;
    if (!job.group) return this.finished(dispatch, job, cpuMs, results[0]?.factors ?? []);
    const factors = results.map((result) => result.factors);
    for (const live of this.#requests(this.#parts.scheduler.finish(dispatch, cpuMs)))
      this.#leave(live, { kind: 'group', factors });
  }

  /** The answer has become known meanwhile. */
  known(dispatch: Dispatch, job: LiveJob, factors: readonly Factor[]): void {
    this.#end(this.#requests(this.#parts.scheduler.finish(dispatch, 0)), job, done(factors), 'known');
  }

  /** Ends a waiting request as its caller wishes. The work goes on if others wait for the same number. */
  cancel(live: LiveRequest): void {
    this.#parts.scheduler.remove(live.stored.seq);
    // A guest that goes may come back as a request, and is to find what was done for it.
    if (live.guest && live.job.unsaved.length > 0) this.#save(live.job);
    this.#end([live], live.job, { kind: 'cancelled' });
    if (!live.job.running) this.#releaseIfAlone(live.job);
  }

  /** Nothing was done in this turn. */
  putBack(dispatch: Dispatch): void {
    this.#parts.scheduler.park(dispatch, 0, dispatch.entry.estimateMs);
  }

  parked(dispatch: Dispatch, job: LiveJob, slice: SliceResult): void {
    const { scheduler, clock, batchMs, jobCpuMsMax } = this.#parts;
    // Never so little that it could be taken for a small number.
    const leftMs = Math.max(slice.progress.remainingMs ?? job.cpuMs, batchMs * 2);
    scheduler.park(dispatch, slice.cpuMs, leftMs);
    const spent = [...job.members].filter(
      (m) => m.phase === 'waiting' && job.cpuMs - (m.budgetFromMs ?? job.cpuMs) >= jobCpuMsMax,
    );
    const saveNow = spent.length > 0 || clock.monotonicMs() - job.savedAtMs >= SAVE_EVERY_MS;
    // Saved before the members end, so that whoever resumes one finds everything.
    if (saveNow) this.#save(job);
    if (spent.length > 0) {
      for (const { stored } of spent) scheduler.remove(stored.seq);
      this.#end(spent, job, spentOutcome(job.factors), 'computed');
    }
    for (const { guest } of job.members) guest?.paused(job);
    if (isWanted(job) && job.placeBytes === 0 && this.#parts.memories.crowded) this.evict(job.key);
    this.#releaseIfAlone(job);
  }

  finished(dispatch: Dispatch, job: LiveJob, cpuMs: number, factors: readonly Factor[]): void {
    const requests = this.#requests(this.#parts.scheduler.finish(dispatch, cpuMs));
    this.#end(requests, job, done(factors), 'computed', dispatch.entry.seq);
    this.#releaseIfAlone(job);
  }

  async broke(dispatch: Dispatch, job: LiveJob, reason: string): Promise<void> {
    const { scheduler, store, clock } = this.#parts;
    // Not given back to the pool: the thread that broke may still be writing to it.
    this.#parts.memories.abandon(job);
    if (job.group) {
      // Which of its numbers it was is found out when they come again, one by one.
      const failed = { kind: 'failed', code: 'job_broke_workers', reason } as const;
      for (const live of this.#requests(scheduler.finish(dispatch, 0))) this.#leave(live, failed);
      return;
    }
    const signal = this.#stopping;
    const breaks = signal.aborted ? 0 : await untilRoom(() => store.recordBreak(job.key), clock, signal);
    job.hasBroken = true;
    if (breaks === undefined || breaks < JOB_BREAKS_MAX) {
      this.recovered(job, `a worker failed: ${reason}`);
      this.putBack(dispatch);
      scheduler.drop(job.key);
      return;
    }
    const failed = {
      kind: 'failed',
      code: 'job_broke_workers',
      reason: `${reason} (${breaks} times)`,
    } as const;
    this.#end(this.#requests(scheduler.finish(dispatch, 0)), job, failed);
  }

  /** The job goes on from its log. */
  recovered(job: LiveJob, reason: string): void {
    job.recoveries = [...job.recoveries, { event: 'recovered', atMs: this.#parts.clock.wallMs(), reason }];
  }

  /** Ends these requests of `job`. `seq`: the one for which it was computed; the others share. */
  #end(
    requests: readonly LiveRequest[],
    job: LiveJob,
    outcome: JobOutcome,
    source?: Source,
    seq?: number,
  ): void {
    const { clock, endings } = this.#parts;
    const atMs = clock.wallMs();
    const end = { outcome, atMs, ...(source && { source }), ...(seq !== undefined && { seq }) };
    const remember = outcome.kind === 'done' && source === 'computed' && job.cpuMs >= KNOWN_CPU_MS_MIN;
    for (const live of requests) if (live.guest) this.#leave(live, outcome);
    endings.end(
      {
        number: job.key,
        dropLog: outcome.kind === 'failed' || (outcome.kind === 'done' && (!job.small || job.hasBroken)),
        ...(remember && { known: { factors: outcome.factors, cpuMs: job.cpuMs, atMs } }),
      },
      requests.filter(({ guest }) => !guest).map((live) => endingOf(live, end)),
    );
  }

  /** Ends a guest: nothing goes to the disk for it, so it is told at once. */
  #leave(live: LiveRequest, outcome: JobOutcome | GroupOutcome): void {
    live.phase = 'ending';
    this.#parts.live.delete(live);
    live.guest?.ended(outcome);
  }

  #requests(entries: readonly Entry[]): LiveRequest[] {
    return entries.map((entry) => this.#parts.live.get(entry.seq)).filter((live) => live !== undefined);
  }

  #save(job: LiveJob): void {
    job.savedAtMs = this.#parts.clock.monotonicMs();
    this.#track(appendUnsaved(job, this.#parts));
  }

  /** A parked job makes room for another: its memory goes, its log stays. It may have ended meanwhile. */
  evict(key: string): void {
    const job = this.#parts.live.findJob(key);
    if (!job) return;
    this.#save(job);
    this.#parts.memories.release(job);
  }

  /** A job nobody waits for any more gives its memory back. */
  #releaseIfAlone(job: LiveJob): void {
    if (!isWanted(job)) this.#parts.memories.release(job);
  }
}

type BatchResults = Extract<BatchOutcome, { readonly kind: 'done' }>['results'];

/** At the end of the budget: what lacks nothing but a proof that its primes are prime is done. */
function spentOutcome(factors: readonly Factor[]): JobOutcome {
  const isComplete = factors.every(({ certainty }) => certainty !== 'composite');
  return isComplete ? done(factors) : { kind: 'partial', factors };
}

function done(factors: readonly Factor[]): JobOutcome {
  return { kind: 'done', factors };
}
