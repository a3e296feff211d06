/** Helps a job of another thread, between the messages that this one receives. */
import { startHelper } from './help.ts';
import type { HelpWanted, Job } from './kernel.ts';
import { PAGE_BYTES } from './page-bytes.ts';
import { PLATFORM } from './platform.ts';
import { jobMemoryPages } from './sieve-range.ts';
import { bitLength } from './bit-length.ts';

/** How long messages wait at most, about, and what is found. */
const SLICE_MS = 5;

export interface HelpLoopOptions {
  readonly module: WebAssembly.Module;
  /** Takes what was found for `value`. */
  readonly onChunks: (value: bigint, chunks: readonly Uint8Array[]) => void;
}

export class HelpLoop {
  readonly #options: HelpLoopOptions;
  #helper: Job | undefined;
  #memory: WebAssembly.Memory | undefined;
  #isGoing = false;

  constructor(options: HelpLoopOptions) {
    this.#options = options;
  }

  /** Leaves what it was at and helps as wanted, see `Kernel.help`, until told otherwise. */
  help(wanted: HelpWanted, lane: number): void {
    const { module } = this.#options;
    const pages = jobMemoryPages(bitLength(wanted.value));
    if (this.#memory?.buffer.byteLength !== pages * PAGE_BYTES)
      this.#memory = new WebAssembly.Memory({
        initial: pages,
        maximum: pages,
        shared: PLATFORM.sharedMemory,
      });
    this.#helper = startHelper(module, wanted, this.#memory, lane);
    // What fails fails the thread: whoever started it is told.
    if (!this.#isGoing) void this.#go().catch((error) => queueMicrotask(() => fail(error)));
  }

  rest(): void {
    this.#helper = undefined;
  }

  async #go(): Promise<void> {
    this.#isGoing = true;
    for (let helper = this.#helper; helper !== undefined; helper = this.#helper) {
      const endMs = performance.now() + SLICE_MS;
      const outcome = helper.step(() => performance.now() >= endMs);
      const chunks = helper.takeChunks();
      if (chunks.length > 0) this.#options.onChunks(helper.state().number, chunks);
      if (outcome === 'finished') this.#helper = undefined;
      await PLATFORM.nextTurn();
    }
    this.#isGoing = false;
  }
}

function fail(error: unknown): never {
  throw error;
}
