/**
 * Takes work from the scheduler to the engine and brings back what came of it.
 *
 * Everything that is decided about fairness is decided by the scheduler; this file carries it out. What becomes of a dispatch is said
 * in settlement.ts.
 */
import { within } from '../base/within.ts';
import type { Factor } from '../domain/factorization.ts';
import type { BatchOutcome, Engine, SliceOutcome } from '../engine/engine.ts';
import type { Dispatch } from '../scheduler/fair-scheduler.ts';
import type { JobLog } from '../store/job-log.ts';
import type { CostModel } from './cost-model.ts';
import { Helping, type HelpingParts } from './helping.ts';
import { appendUnsaved } from './job-log.ts';
import { isWanted, type LiveJob, type LiveRequest } from './live-job.ts';
import { untilRoom } from './patience.ts';
import { Settlement, type SettlementParts } from './settlement.ts';

export interface DispatcherParts extends SettlementParts, HelpingParts {
  readonly engine: Engine;
  readonly costs: CostModel;
  readonly sliceMs: number;
  readonly onFatal: (error: unknown) => void;
}

/** A gap between two slices that is longer than this is told as a pause. */
const PAUSE_MS = 5;
/** Slices that are cut short for others are at least this long, in ms from one cut to the next. */
const SLICE_MS_MIN = 20;
/** How long stopping waits for the slices under way. */
const STOP_MS_MAX = 2_000;

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
  readonly #settlement: Settlement;
  readonly #helping: Helping;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    const track = (work: Promise<void>): void => this.#run(work);
    this.#settlement = new Settlement(parts, this.#stopping.signal, track);
    this.#helping = new Helping(parts, track);
  }

  /** Work of `callerId` has arrived. */
  arrived(callerId: string): void {
    this.#arrivals.add(callerId);
    this.#helping.makeWay();
    this.pump();
  }

  /** Work that had waited in the store has been loaded. */
  loaded(): void {
    this.#helping.makeWay();
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
        // The first of several may have taken the last idle worker.
        if (this.#arrivals.size > 0) this.#helping.makeWay();
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
      if (!dispatch) {
        if (hasFree) this.#helping.fill(engine.workers - engine.busy - this.#opening);
        return;
      }
      const job = live.job(dispatch.entry.job);
      if (job.small) this.#run(this.#batch([dispatch, ...this.#more(dispatch)]));
      else if (job.log ?? job.state) this.#run(this.#slice(dispatch, job));
      else this.#run(this.#open(dispatch, job));
    }
  }

  #pick(estimateMsMax: number): Dispatch | undefined {
    const dispatch = this.#parts.scheduler.pick(estimateMsMax);
    for (const key of dispatch?.evict ?? []) this.#settlement.evict(key);
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
      engine.interrupt('all');
      return;
    }
  }

  /** Ends a waiting request as its caller wishes. The work goes on if others wait for the same number. */
  cancel(live: LiveRequest): void {
    this.#settlement.cancel(live);
    if (!isWanted(live.job)) this.#helping.end(live.job);
    if (live.job.running && !isWanted(live.job)) this.#parts.engine.interrupt('all');
  }

  /** Starts nothing more, ends the slices under way within milliseconds and keeps what they found. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { engine, clock } = this.#parts;
    engine.interrupt('all');
    const idle = this.#idle();
    await within(STOP_MS_MAX, idle, () => undefined, clock);
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
        this.#settlement.small(dispatch, job, outcome.results.slice(begin, end));
      } else if (outcome.kind === 'broke' && outcome.index >= begin && outcome.index < end) {
        await this.#settlement.broke(dispatch, job, outcome.reason);
      } else {
        this.#settlement.putBack(dispatch);
      }
      begin = end;
    }
  }

  /** Before a job's first slice: is its answer known meanwhile, has it a log? Costs its caller nothing. */
  async #open(dispatch: Dispatch, job: LiveJob): Promise<void> {
    const { store, clock } = this.#parts;
    const read = (): Promise<[(readonly Factor[] | undefined)[], JobLog]> =>
      Promise.all([store.known([job.key]), store.readLog(job.key)]);
    this.#opening++;
    const found = await untilRoom(read, clock, this.#stopping.signal);
    this.#opening--;
    if (!found) return this.#settlement.putBack(dispatch);
    const [[known], log] = found;
    if (known) {
      this.#helping.end(job);
      this.#settlement.known(dispatch, job, known);
      return;
    }
    job.log = [...log.chunks, ...job.unsaved];
    const isFirst = job.cpuMs === 0;
    job.cpuMs = Math.max(job.cpuMs, log.cpuMs);
    if (isFirst && [...job.members].some(({ stored }) => stored.state.startedAtMs !== undefined)) {
      this.#settlement.recovered(job, 'the service was restarted');
    }
    this.#settlement.putBack(dispatch);
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
    for (const member of job.members) {
      const { state } = member.stored;
      const onDiskMs = state.kind === 'queued' ? state.budgetFromMs : undefined;
      member.budgetFromMs ??= Math.min(job.cpuMs, onDiskMs ?? Infinity);
    }
    job.running = true;
    const memory = memories.take(job);
    const { value, state, log, learnt } = job;
    job.learnt = [];
    this.#slices.add(dispatch);
    const outcome: SliceOutcome = await engine.slice({
      number: value,
      memory,
      ...(state && { state }),
      log: state ? [] : (log ?? []),
      learnt,
      sliceMs,
    });
    this.#slices.delete(dispatch);
    job.running = false;
    if (outcome.kind === 'broke') {
      this.#helping.end(job);
      return this.#settlement.broke(dispatch, job, outcome.reason);
    }
    if (outcome.kind === 'unstarted') {
      job.learnt = [...learnt, ...job.learnt];
      this.#settlement.putBack(dispatch);
      return;
    }
    const cpuMs = outcome.cpuMs + job.helpCpuMs;
    job.helpCpuMs = 0;
    job.cpuMs += cpuMs;
    if (outcome.chunks.length > 0) job.unsaved = [...job.unsaved, ...outcome.chunks];
    job.progress = outcome.progress;
    job.factors = outcome.factors;
    job.state = outcome.state;
    delete job.log;
    job.parkedAtMs = clock.wallMs();
    if (outcome.kind === 'finished') {
      costs.learn(job.value, job.number, job.cpuMs);
      this.#helping.end(job);
      this.#settlement.finished(dispatch, job, cpuMs, outcome.factors);
    } else {
      this.#settlement.parked(dispatch, job, { ...outcome, cpuMs });
      if (isWanted(job)) this.#helping.update(job, outcome);
      else this.#helping.end(job);
    }
  }
}
