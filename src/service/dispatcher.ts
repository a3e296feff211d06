/**
 * Takes work from the scheduler to the engine and brings back what came of it.
 *
 * Everything that is decided about fairness is decided by the scheduler; this file carries it out. A dispatch is settled
 * exactly once: `finish`, or `park`.
 */
import type { Clock } from '../base/clock.ts';
import { JOB_BREAKS_MAX, KNOWN_CPU_MS_MIN } from '../domain/limits.ts';
import type { Source } from '../domain/request.ts';
import type { Factor } from '../domain/factorization.ts';
import type { BatchOutcome, Engine, SliceOutcome, SliceResult } from '../engine/engine.ts';
import type { Entry } from '../scheduler/entry.ts';
import type { Dispatch, FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { JobLog, Store } from '../store/store.ts';
import type { CostModel } from './cost-model.ts';
import type { Endings } from './endings.ts';
import { endingOf } from './job-ending.ts';
import { appendUnsaved } from './job-log.ts';
import type { JobMemories } from './job-memories.ts';
import type { GroupOutcome, JobOutcome, LiveJob, LiveRequest } from './live-job.ts';
import type { LiveSet } from './live-set.ts';
import { untilRoom } from './patience.ts';

export interface DispatcherParts {
  readonly scheduler: FairScheduler;
  readonly engine: Engine;
  readonly store: Store;
  readonly live: LiveSet;
  readonly endings: Endings;
  readonly memories: JobMemories;
  readonly costs: CostModel;
  readonly clock: Clock;
  readonly sliceMs: number;
  readonly batchMs: number;
  /** A request's CPU budget. */
  readonly jobCpuMsMax: number;
  readonly onFatal: (error: unknown) => void;
}

/** A gap between two slices that is longer than this is told as a pause. */
const PAUSE_MS = 5;
/** Slices that are cut short for others are at least this long, in ms from one cut to the next. */
const SLICE_MS_MIN = 20;
/** How long stopping waits for the slices under way. */
const STOP_MS_MAX = 2_000;
/** How often the log of a running job goes to the store: what a crash may cost. */
const SAVE_EVERY_MS = 1_000;

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #underWay = new Set<Promise<void>>();
  /** Slices under way: at most one for each worker. */
  readonly #slices = new Set<Dispatch>();
  /** Callers whose work has arrived since the last dispatch. */
  readonly #arrivals = new Set<string>();
  #pumping = false;
  #opening = 0;
  #madeWayAtMs = -Infinity;
  readonly #stopping = new AbortController();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Work of `callerId` has arrived. */
  arrived(callerId: string): void {
    this.#arrivals.add(callerId);
    this.pump();
  }

  /**
   * Gives work to every worker that has room for some, at the end of this turn of the event loop: so what arrives in one turn goes in
   * one batch. A failure there is fatal.
   */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      try {
        this.#dispatch();
        for (const callerId of this.#arrivals) this.#makeWay(callerId);
        this.#arrivals.clear();
      } catch (error) {
        this.#parts.onFatal(error);
      }
    });
  }

  #dispatch(): void {
    const { engine, endings, live, batchMs } = this.#parts;
    while (!this.#stopping.signal.aborted && !endings.congested && engine.hasRoomForBatch) {
      // A job being opened has its worker reserved: if all were opened at once, what they are charged in advance would count for a while.
      const hasFree = engine.workers - engine.busy > this.#opening;
      const dispatch = this.#pick(hasFree ? Infinity : batchMs);
      if (!dispatch) return;
      const job = live.job(dispatch.entry.job);
      if (job.small) this.#run(this.#batch([dispatch, ...this.#more(dispatch)]));
      else if (job.log ?? job.state) this.#run(this.#slice(dispatch, job));
      else this.#run(this.#open(dispatch, job));
    }
  }

  #pick(estimateMsMax: number): Dispatch | undefined {
    const dispatch = this.#parts.scheduler.pick(estimateMsMax);
    for (const key of dispatch?.evict ?? []) this.#evict(key);
    return dispatch;
  }

  /**
   * Where every worker is at a slice, those of callers who have had more CPU time end early: short
   * work is not kept waiting for the rest of a slice. Not more often than every `SLICE_MS_MIN`, or slices would shrink to nothing.
   */
  #makeWay(callerId: string): void {
    const { engine, scheduler, clock } = this.#parts;
    const virtualMs = scheduler.callerView(callerId)?.virtualMs;
    const nowMs = clock.monotonicMs();
    if (virtualMs === undefined || engine.hasIdle || nowMs - this.#madeWayAtMs < SLICE_MS_MIN) return;
    for (const { entry } of this.#slices) {
      if ((scheduler.callerView(entry.callerId)?.virtualMs ?? 0) <= virtualMs) continue;
      this.#madeWayAtMs = nowMs;
      engine.interrupt();
      return;
    }
  }

  /** Ends a waiting request as its caller wishes. The work goes on if others wait for the same number. */
  cancel(live: LiveRequest): void {
    const { scheduler, engine } = this.#parts;
    scheduler.remove(live.stored.seq);
    // A guest that goes may come back as a request, and is to find what was done for it.
    if (live.guest && live.job.unsaved.length > 0) this.#save(live.job);
    this.#end([live], live.job, { kind: 'cancelled' });
    if (live.job.running && !isWanted(live.job)) engine.interrupt();
    else this.#releaseIfAlone(live.job);
  }

  /** Starts nothing more, ends the slices under way within milliseconds and keeps what they found. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { engine, clock } = this.#parts;
    engine.interrupt();
    const idle = this.#idle();
    const inTime = new AbortController();
    await Promise.race([idle, clock.sleep(STOP_MS_MAX, inTime.signal)]);
    // Or the timer would keep the process up.
    inTime.abort();
    // A thread that hangs is ended; what it was at answers as broken, and is put back.
    await engine[Symbol.asyncDispose]();
    await idle;
    const jobs = [...this.#parts.live.jobs()].filter((job) => job.unsaved.length > 0);
    await Promise.allSettled(jobs.map((job) => appendUnsaved(job, this.#parts)));
  }

  async #idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Picks that fit into the same batch as `first`, in the order of single picks. */
  #more(first: Dispatch): Dispatch[] {
    const batch: Dispatch[] = [];
    let leftMs = this.#parts.batchMs - first.entry.estimateMs;
    while (leftMs > 0) {
      const next = this.#pick(leftMs);
      if (!next) break;
      leftMs -= next.entry.estimateMs;
      batch.push(next);
    }
    return batch;
  }

  #run(work: Promise<void>): void {
    const tracked = work.catch(this.#parts.onFatal);
    this.#underWay.add(tracked);
    void tracked.finally(() => {
      this.#underWay.delete(tracked);
      this.pump();
    });
  }

  async #batch(dispatches: readonly Dispatch[]): Promise<void> {
    const { engine, live, clock } = this.#parts;
    const jobs = dispatches.map(({ entry }) => live.job(entry.job));
    const startedAtMs = clock.wallMs();
    for (const job of jobs) job.startedAtMs ??= startedAtMs;
    const outcome: BatchOutcome = await engine.batch(jobs.flatMap((job) => job.group ?? job.value));
    let begin = 0;
    for (const [i, dispatch] of dispatches.entries()) {
      const job = jobs[i] as LiveJob;
      const end = begin + (job.group?.length ?? 1);
      if (outcome.kind === 'done') {
        this.#done(dispatch, job, outcome.results.slice(begin, end));
      } else if (outcome.kind === 'broke' && outcome.index >= begin && outcome.index < end) {
        await this.#broke(dispatch, job, outcome.reason);
      } else {
        this.#putBack(dispatch);
      }
      begin = end;
    }
  }

  /** Small numbers, one or a group, are factored. */
  #done(dispatch: Dispatch, job: LiveJob, results: BatchResults): void {
    let cpuMs = 0;
    for (const result of results) cpuMs += result.cpuMs;
    job.cpuMs += cpuMs;
    if (!job.group) return this.#finished(dispatch, job, cpuMs, results[0]?.factors ?? []);
    const factors = results.map((result) => result.factors);
    for (const live of this.#requests(this.#parts.scheduler.finish(dispatch, cpuMs)))
      this.#leave(live, { kind: 'group', factors });
  }

  /** Before a job's first slice: is its answer known meanwhile, has it a log? Costs its caller nothing. */
  async #open(dispatch: Dispatch, job: LiveJob): Promise<void> {
    const { store, scheduler, clock } = this.#parts;
    const read = (): Promise<[(readonly Factor[] | undefined)[], JobLog]> =>
      Promise.all([store.known([job.key]), store.readLog(job.key)]);
    this.#opening++;
    const found = await untilRoom(read, clock, this.#stopping.signal);
    this.#opening--;
    if (!found) return this.#putBack(dispatch);
    const [[known], log] = found;
    if (known) {
      this.#end(this.#requests(scheduler.finish(dispatch, 0)), job, done(known), 'known');
      return;
    }
    job.log = [...log.chunks, ...job.unsaved];
    const isFirst = job.cpuMs === 0;
    job.cpuMs = Math.max(job.cpuMs, log.cpuMs);
    if (isFirst && [...job.members].some(({ stored }) => stored.state.startedAtMs !== undefined)) {
      this.#recovered(job, 'the service was restarted');
    }
    this.#putBack(dispatch);
  }

  async #slice(dispatch: Dispatch, job: LiveJob): Promise<void> {
    const { engine, memories, clock, sliceMs, costs } = this.#parts;
    const nowMs = clock.wallMs();
    job.startedAtMs ??= nowMs;
    if (job.parkedAtMs !== undefined && nowMs - job.parkedAtMs > PAUSE_MS) {
      job.pauses ??= { atMs: job.parkedAtMs, times: 0, lastResumedAtMs: nowMs };
      job.pauses.times++;
      job.pauses.lastResumedAtMs = nowMs;
    }
    // Less than what is on disk means that the log was lost: what it takes to be there again is not charged twice.
    for (const member of job.members)
      member.budgetFromMs ??= Math.min(job.cpuMs, member.stored.state.cpuMs ?? Infinity);
    job.running = true;
    const memory = memories.take(job);
    const { value, state, log } = job;
    this.#slices.add(dispatch);
    const outcome: SliceOutcome = await engine.slice({
      number: value,
      memory,
      ...(state && { state }),
      log: state ? [] : (log ?? []),
      sliceMs,
    });
    this.#slices.delete(dispatch);
    job.running = false;
    if (outcome.kind === 'broke') return this.#broke(dispatch, job, outcome.reason);
    if (outcome.kind === 'unstarted') {
      this.#putBack(dispatch);
      return;
    }
    job.cpuMs += outcome.cpuMs;
    if (outcome.chunks.length > 0) job.unsaved = [...job.unsaved, ...outcome.chunks];
    job.progress = outcome.progress;
    job.factors = outcome.factors;
    job.state = outcome.state;
    delete job.log;
    job.parkedAtMs = clock.wallMs();
    if (outcome.kind === 'finished') {
      costs.learn(job.value, job.number, job.cpuMs);
      this.#finished(dispatch, job, outcome.cpuMs, outcome.factors);
    } else {
      this.#parked(dispatch, job, outcome);
    }
  }

  /** Nothing was done in this turn. */
  #putBack(dispatch: Dispatch): void {
    this.#parts.scheduler.park(dispatch, 0, dispatch.entry.estimateMs);
  }

  #parked(dispatch: Dispatch, job: LiveJob, slice: SliceResult): void {
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
    if (isWanted(job) && job.placeBytes === 0 && this.#parts.memories.crowded) this.#evict(job.key);
    this.#releaseIfAlone(job);
  }

  #finished(dispatch: Dispatch, job: LiveJob, cpuMs: number, factors: readonly Factor[]): void {
    const requests = this.#requests(this.#parts.scheduler.finish(dispatch, cpuMs));
    this.#end(requests, job, done(factors), 'computed', dispatch.entry.seq);
    this.#releaseIfAlone(job);
  }

  async #broke(dispatch: Dispatch, job: LiveJob, reason: string): Promise<void> {
    const { scheduler, store, clock } = this.#parts;
    // Not given back to the pool: the thread that broke may still be writing to it.
    this.#parts.memories.abandon(job);
    if (job.group) {
      // Which of its numbers it was is found out when they come again, one by one.
      const failed = { kind: 'failed', code: 'job_broke_workers', reason } as const;
      for (const live of this.#requests(scheduler.finish(dispatch, 0))) this.#leave(live, failed);
      return;
    }
    const { signal } = this.#stopping;
    const breaks = signal.aborted ? 0 : await untilRoom(() => store.recordBreak(job.key), clock, signal);
    job.hasBroken = true;
    if (breaks === undefined || breaks < JOB_BREAKS_MAX) {
      this.#recovered(job, `a worker failed: ${reason}`);
      this.#putBack(dispatch);
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

  #recovered(job: LiveJob, reason: string): void {
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
      requests.flatMap((live) => (live.guest ? [] : [endingOf(live, end)])),
    );
  }

  /** Ends a guest: nothing goes to the disk for it, so it is told at once. */
  #leave(live: LiveRequest, outcome: JobOutcome | GroupOutcome): void {
    live.phase = 'ending';
    this.#parts.live.delete(live);
    live.guest?.ended(outcome);
  }

  #requests(entries: readonly Entry[]): LiveRequest[] {
    return entries.flatMap((entry) => this.#parts.live.get(entry.seq) ?? []);
  }

  #save(job: LiveJob): void {
    job.savedAtMs = this.#parts.clock.monotonicMs();
    this.#run(appendUnsaved(job, this.#parts));
  }

  /** A parked job makes room for another: its memory goes, its log stays. It may have ended meanwhile. */
  #evict(key: string): void {
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

/** Whether a request still waits for it. */
function isWanted(job: LiveJob): boolean {
  for (const member of job.members) if (member.phase === 'waiting') return true;
  return false;
}

/** At the end of the budget: what lacks nothing but a proof that its primes are prime is done. */
function spentOutcome(factors: readonly Factor[]): JobOutcome {
  const isComplete = factors.every(({ certainty }) => certainty !== 'composite');
  return isComplete ? done(factors) : { kind: 'partial', factors };
}

function done(factors: readonly Factor[]): JobOutcome {
  return { kind: 'done', factors };
}
