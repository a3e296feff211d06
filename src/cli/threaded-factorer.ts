/**
 * Factors numbers on several threads at once, each number on one.
 *
 * Invariant: a thread has one batch at a time, and answers its numbers in the batch's order. A batch is one large number, or
 * as many small ones as make the way to the thread and back worth while.
 */
import { Worker } from 'node:worker_threads';
import { moduleUrl } from '../base/module-url.ts';
import type { Progress } from '../kernel/kernel.ts';
import type { Factored, Factorer, FactorerOptions, OnProgress } from './factorer.ts';

export interface WorkerData extends FactorerOptions {
  readonly module: WebAssembly.Module;
}

export type ToWorker =
  | { readonly kind: 'batch'; readonly numbers: readonly bigint[] }
  | { readonly kind: 'interrupt' };

/** About the number of the batch that is next to be answered. */
export type ToMain =
  | { readonly kind: 'answer'; readonly factored: Factored | undefined }
  | { readonly kind: 'progress'; readonly progress: Progress };

interface Task {
  readonly number: bigint;
  readonly onProgress: OnProgress;
  readonly resolve: (factored: Factored | undefined) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  /** What it was given and has not answered. */
  readonly batch: Task[];
}

const BATCH_MAX = 64;
/** A number below this takes microseconds. */
const SMALL_END = 1n << 64n;

export class ThreadedFactorer implements Factorer {
  readonly appetite: number;
  readonly #threads: readonly Thread[];
  readonly #waiting: Task[] = [];
  #isScheduled = false;

  constructor(threads: number, data: WorkerData) {
    // A batch for each thread to work at, and one more to be at hand.
    this.appetite = 2 * BATCH_MAX * threads;
    this.#threads = Array.from({ length: threads }, () => this.#start(data));
  }

  factor(number: bigint, onProgress: OnProgress): Promise<Factored | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ number, onProgress, resolve, reject });
      // At the end of the turn, so that what is asked for at once can travel together.
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => this.#hand());
    });
  }

  interrupt(): void {
    for (const task of this.#waiting.splice(0)) task.resolve(undefined);
    for (const { worker } of this.#threads) post(worker, { kind: 'interrupt' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(data: WorkerData): Thread {
    const worker = new Worker(moduleUrl('./factor-worker', import.meta.url), { workerData: data });
    const batch: Task[] = [];
    worker.on('message', (message: ToMain) => {
      if (message.kind === 'progress') {
        batch[0]?.onProgress(message.progress);
        return;
      }
      batch.shift()?.resolve(message.factored);
      if (batch.length === 0) this.#hand();
    });
    worker.on('error', (error: Error) => {
      for (const task of [...batch.splice(0), ...this.#waiting.splice(0)]) task.reject(error);
    });
    return { worker, batch };
  }

  #hand(): void {
    this.#isScheduled = false;
    for (const { worker, batch } of this.#threads) {
      if (this.#waiting.length === 0) return;
      if (batch.length > 0) continue;
      batch.push(...this.#waiting.splice(0, this.#batchLength()));
      post(worker, { kind: 'batch', numbers: batch.map(({ number }) => number) });
    }
  }

  #batchLength(): number {
    const firstLarge = this.#waiting.findIndex(({ number }) => number >= SMALL_END);
    if (firstLarge === 0) return 1;
    // Shared out evenly while there are few.
    const share = Math.ceil(this.#waiting.length / this.#threads.length);
    return Math.min(BATCH_MAX, share, firstLarge === -1 ? Infinity : firstLarge);
  }
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message, []);
}
