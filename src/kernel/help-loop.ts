/** Sieves for a job of another thread, between the messages that this one receives. */
import type { Job, Kernel } from './kernel.ts';

/** How long messages wait at most, about. */
const SLICE_MS = 40;

export interface HelpLoopOptions {
  readonly kernel: Kernel;
  readonly newMemory: (pages: number) => WebAssembly.Memory;
  /** Takes what was found for `value`. */
  readonly onChunks: (value: bigint, chunks: readonly Uint8Array[]) => void;
}

export class HelpLoop {
  readonly #options: HelpLoopOptions;
  #helper: Job | undefined;
  #isGoing = false;

  constructor(options: HelpLoopOptions) {
    this.#options = options;
  }

  /** Leaves what it was at and sieves for `value`, see `Kernel.help`, until told otherwise. */
  help(value: bigint, lane: number): void {
    const { kernel, newMemory } = this.#options;
    this.#helper = kernel.help(value, newMemory(kernel.memoryPages(value)), lane);
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
      helper.step(() => performance.now() >= endMs);
      const chunks = helper.takeChunks();
      if (chunks.length > 0) this.#options.onChunks(helper.state().number, chunks);
      await new Promise((resolve) => void setTimeout(resolve, 0));
    }
    this.#isGoing = false;
  }
}

function fail(error: unknown): never {
  throw error;
}
