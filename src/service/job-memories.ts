/**
 * The memories of jobs: taken when a job first runs, released when it ends or makes room.
 *
 * Jobs that need a place are bounded by the scheduler. The others are expected to end within one slice; where they do not, on a
 * slow machine say, what they hold is bounded here: a parked one beyond the bound goes on from its log.
 */
import type { MemoryPool } from '../engine/memory-pool.ts';
import type { LiveJob } from './live-job.ts';

export class JobMemories {
  readonly #pool: MemoryPool;
  readonly #pages: (n: bigint) => number;
  readonly #looseBytesMax: number;
  #looseBytes = 0;

  /** `pages`: 64 KiB pages that a number needs. `looseBytesMax`: bound for jobs without a place. */
  constructor(pool: MemoryPool, pages: (n: bigint) => number, looseBytesMax: number) {
    this.#pool = pool;
    this.#pages = pages;
    this.#looseBytesMax = looseBytesMax;
  }

  /** Whether jobs without a place hold more than they should. */
  get crowded(): boolean {
    return this.#looseBytes > this.#looseBytesMax;
  }

  /** The memory of `job`, new if it has none. */
  take(job: LiveJob): WebAssembly.Memory {
    if (!job.memory) {
      job.memory = this.#pool.take(this.#pages(job.value));
      this.#count(job, 1);
    }
    return job.memory;
  }

  /** `job` has no more use for its memory, or is to go on from its log. No thread may be at it. */
  release(job: LiveJob): void {
    if (job.memory) this.#pool.give(job.memory);
    this.abandon(job);
  }

  /** Like `release`, but a thread may still be writing to the memory: nobody gets it any more. */
  abandon(job: LiveJob): void {
    if (job.memory) this.#count(job, -1);
    delete job.memory;
    delete job.state;
    delete job.log;
    // It is in the log as well, from which the job goes on.
    job.learnt = [];
  }

  #count(job: LiveJob, sign: 1 | -1): void {
    if (job.placeBytes === 0) this.#looseBytes += sign * (job.memory?.buffer.byteLength ?? 0);
  }
}
