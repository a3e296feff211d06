/**
 * A job that gets a larger memory when it could use one: curves have split a number beyond the sieve's range into composites within it.
 *
 * A memory never grows: the job is begun again from its log in a larger one, which costs what it was about in its last slice.
 */
import type { Job, Kernel } from './kernel.ts';

export interface MemorySource {
  /** A memory of so many pages of 64 KiB. Throws a RangeError where the system has none. */
  take(pages: number): WebAssembly.Memory;
  /** Nobody works in it any more. */
  give(memory: WebAssembly.Memory): void;
}

export class RoomyJob {
  readonly #kernel: Pick<Kernel, 'memoryPages' | 'start'>;
  readonly #number: bigint;
  readonly #memories: MemorySource;
  readonly #log: Uint8Array[] = [];
  #memory: WebAssembly.Memory;
  #job: Job;
  /** The system had no memory of so many pages: one is asked for again only if it is smaller. */
  #pagesRefused = Infinity;

  /** Begins with a number that is not small. */
  constructor(kernel: Pick<Kernel, 'memoryPages' | 'start'>, number: bigint, memories: MemorySource) {
    this.#kernel = kernel;
    this.#number = number;
    this.#memories = memories;
    this.#memory = memories.take(kernel.memoryPages(number));
    this.#job = this.#startIn(this.#memory);
  }

  /** The job until `makeRoom` is called. */
  get job(): Job {
    return this.#job;
  }

  /**
   * To be called between steps, after helpers were served: a job that has begun again wants no help before its next step. Where there is no
   * larger memory the job goes on without.
   */
  makeRoom(): void {
    const pages = this.#job.pagesWanted();
    if (pages === undefined || pages >= this.#pagesRefused) return;
    const larger = this.#takeIfThereIs(pages);
    if (larger === undefined) {
      this.#pagesRefused = pages;
      return;
    }
    this.#log.push(...this.#job.takeChunks());
    this.#job = this.#startIn(larger);
    this.end();
    this.#memory = larger;
  }

  /** Gives the memory back: the job makes no further step. */
  end(): void {
    this.#memories.give(this.#memory);
  }

  /** The job from its log. A memory in which it cannot begin is given back. */
  #startIn(memory: WebAssembly.Memory): Job {
    try {
      return this.#kernel.start(this.#number, memory, this.#log);
    } catch (error) {
      this.#memories.give(memory);
      throw error;
    }
  }

  #takeIfThereIs(pages: number): WebAssembly.Memory | undefined {
    try {
      return this.#memories.take(pages);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
}
