/**
 * Workers that would idle help the biggest running job, each in a lane of its own: other elliptic curves, then other polynomials of its
 * sieve, in a memory of their own.
 *
 * What they find goes to the job with its next slice, and relations into its log as well. What they cost is charged with that slice, too: to the callers
 * that wait for the job; save for what comes when its last slice is over.
 * Invariants:
 *   H1. A helper begins only when nothing waits that could run, and ends within milliseconds when work arrives.
 *   H2. All lanes together hold at most `bytesMax` of memory.
 *   H3. One thread is in a lane at a time. No two lanes of a job have the same number, also before and after a restart.
 */
import type { Clock } from '../base/clock.ts';
import type { Engine, SliceResult } from '../engine/engine.ts';
import type { MemoryPool } from '../engine/memory-pool.ts';
import { helpWorthGiving, isSameHelp } from '../kernel/help.ts';
import type { HelpWanted, JobState } from '../kernel/kernel.ts';
import { PAGE_BYTES } from '../kernel/page-bytes.ts';
import { isWanted, type LiveJob } from './live-job.ts';

export interface HelpingParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly sliceMs: number;
  readonly lanes: {
    readonly pool: MemoryPool;
    /** 64 KiB pages that a helper for a number needs. */
    readonly pages: (n: bigint) => number;
    readonly bytesMax: number;
  };
}

interface Lane {
  readonly number: number;
  readonly memory: WebAssembly.Memory;
  /** Where it left what it is for now. */
  state?: JobState;
  busy: boolean;
}

interface Helped {
  readonly wanted: HelpWanted;
  /** Unknown for what may never end. */
  readonly remainingMs?: number;
  readonly lanes: Lane[];
}

/** After helpers have made way none begins for so long: with steady small work each would be interrupted as soon as it has begun. */
const AWAY_MS = 30;
const LANES = 2 ** 32 - 1;
/** Of a helper, in CPU milliseconds, or less where the engine's are: what it finds is worth nothing before the job has it. */
const HELP_SLICE_MS = 20;

export class Helping {
  readonly #parts: HelpingParts;
  readonly #track: (work: Promise<void>) => void;
  readonly #helped = new Map<LiveJob, Helped>();
  /** They get no more helpers: one broke its thread, or has found all. */
  readonly #refused = new WeakSet<LiveJob>();
  #laneBytes = 0;
  #busy = 0;
  #lanesGiven: number;
  #madeWayAtMs = -Infinity;

  /** `track` is given the slices of helpers. */
  constructor(parts: HelpingParts, track: (work: Promise<void>) => void) {
    this.#parts = parts;
    this.#track = track;
    this.#lanesGiven = Math.floor(parts.clock.wallMs()) % LANES;
  }

  /** A slice of the job is over, and this is what it says. */
  update(job: LiveJob, { helpWanted, progress }: Pick<SliceResult, 'helpWanted' | 'progress'>): void {
    const before = this.#helped.get(job);
    const wanted = helpWorthGiving(helpWanted, progress, before !== undefined);
    if (!wanted || this.#refused.has(job)) return this.end(job);
    if (before && !isSameHelp(before.wanted, wanted)) this.end(job);
    const { remainingMs } = progress;
    const lanes = this.#helped.get(job)?.lanes ?? [];
    this.#helped.set(job, { wanted, lanes, ...(remainingMs !== undefined && { remainingMs }) });
  }

  /** The job needs no help any more. */
  end(job: LiveJob): void {
    const lanes = this.#helped.get(job)?.lanes ?? [];
    this.#helped.delete(job);
    for (const lane of lanes) if (!lane.busy) this.#release(lane);
  }

  /** Gives up to `workers` idle workers something to do. To be called when nothing waits that could run. */
  fill(workers: number): void {
    if (this.#helped.size === 0 || this.#parts.clock.monotonicMs() - this.#madeWayAtMs < AWAY_MS) return;
    let left = workers;
    // What may never end, of which nothing is known, comes last.
    const bySize = [...this.#helped].toSorted(([, a], [, b]) => (b.remainingMs ?? 0) - (a.remainingMs ?? 0));
    for (const [job, helped] of bySize) {
      // One that has lost its memory gets no turn now.
      if (job.memory === undefined) continue;
      for (; left > 0; left--) {
        const lane = this.#freeLane(helped);
        if (!lane) break;
        lane.busy = true;
        this.#busy++;
        this.#track(this.#run(job, helped.wanted, lane));
      }
    }
  }

  /** Work has arrived: helpers leave their threads to it. */
  makeWay(): void {
    if (this.#busy === 0 || this.#parts.engine.hasIdle) return;
    this.#madeWayAtMs = this.#parts.clock.monotonicMs();
    this.#parts.engine.interrupt('helpers');
  }

  #freeLane(helped: Helped): Lane | undefined {
    const free = helped.lanes.find(({ busy }) => !busy);
    if (free) return free;
    const { pool, pages, bytesMax } = this.#parts.lanes;
    const count = pages(helped.wanted.value);
    if (this.#laneBytes + count * PAGE_BYTES > bytesMax) this.#releaseIdle(helped);
    if (this.#laneBytes + count * PAGE_BYTES > bytesMax) return undefined;
    const memory = memoryOf(pool, count);
    if (!memory) return undefined;
    this.#laneBytes += memory.buffer.byteLength;
    this.#lanesGiven = (this.#lanesGiven + 1) % LANES;
    const lane: Lane = { number: this.#lanesGiven + 1, memory, busy: false };
    helped.lanes.push(lane);
    return lane;
  }

  /** Lanes of other jobs in which nobody is. */
  #releaseIdle(except: Helped): void {
    for (const { lanes } of this.#helped.values()) {
      if (lanes === except.lanes) continue;
      for (const lane of lanes.filter(({ busy }) => !busy)) {
        lanes.splice(lanes.indexOf(lane), 1);
        this.#release(lane);
      }
    }
  }

  async #run(job: LiveJob, wanted: HelpWanted, lane: Lane): Promise<void> {
    const { engine, sliceMs } = this.#parts;
    const { memory, state, number } = lane;
    const outcome = await engine.slice({
      number: wanted.value,
      memory,
      ...(state && { state }),
      log: [],
      help: { wanted, lane: number },
      sliceMs: Math.min(sliceMs, HELP_SLICE_MS),
    });
    lane.busy = false;
    this.#busy--;
    const helped = this.#helped.get(job);
    const isHelped = helped?.lanes.includes(lane) ?? false;
    if (outcome.kind === 'broke') {
      // Its thread may still be writing to it: nobody gets the memory any more.
      this.#laneBytes -= memory.buffer.byteLength;
      this.#refused.add(job);
      helped?.lanes.splice(helped.lanes.indexOf(lane), isHelped ? 1 : 0);
      this.end(job);
      return;
    }
    if (outcome.kind !== 'unstarted') {
      lane.state = outcome.state;
      if (isWanted(job)) takeOver(job, wanted, outcome);
    }
    if (!isHelped) return this.#release(lane);
    // It has found all that there is to find by itself.
    if (outcome.kind === 'finished') {
      this.#refused.add(job);
      this.end(job);
    }
  }

  #release({ memory }: Lane): void {
    this.#laneBytes -= memory.buffer.byteLength;
    this.#parts.lanes.pool.give(memory);
  }
}

/** Where memory is short there is no help. */
function memoryOf(pool: MemoryPool, pages: number): WebAssembly.Memory | undefined {
  try {
    return pool.take(pages);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function takeOver(job: LiveJob, wanted: HelpWanted, { chunks, cpuMs }: SliceResult): void {
  job.helpCpuMs += cpuMs;
  if (chunks.length === 0) return;
  job.learnt = [...job.learnt, ...chunks];
  // What it learns of curves, the job says in chunks of its own.
  if (!wanted.curves) job.unsaved = [...job.unsaved, ...chunks];
}
