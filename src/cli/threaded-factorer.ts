/**
 * Factors numbers on several threads at once, each number on one, with the help of those that have none.
 *
 * Invariants: a thread has one batch at a time, and answers its numbers in the batch's order. A batch is one large number, or
 * as many small ones as make the way to the thread and back worth while. It helps only while it has no batch, and with a number that still wants help.
 * A thread is started only while there is something for it to do that no other is free for, and only when the one before is ready.
 */
import { Worker } from 'node:worker_threads';
import { moduleUrl } from '../base/module-url.ts';
import type { HelpWanted, Progress } from '../kernel/kernel.ts';
import type { Factored, Factorer, FactorerOptions, OnProgress } from './factorer.ts';

export interface WorkerData extends FactorerOptions {
  readonly module: WebAssembly.Module;
}

export type ToWorker =
  | { readonly kind: 'batch'; readonly numbers: readonly bigint[] }
  | { readonly kind: 'interrupt' }
  /** About the number that the thread wants help with. */
  | { readonly kind: 'learn'; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: 'help'; readonly wanted: HelpWanted; readonly lane: number }
  | { readonly kind: 'rest' };

/** About the number of the batch that is next to be answered, save for what a helper has found, and that a thread is ready to be given something. */
export type ToMain =
  | { readonly kind: 'ready' }
  | { readonly kind: 'found'; readonly value: bigint; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: 'wanted'; readonly wanted: HelpWanted | undefined }
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
  isReady: boolean;
  /** What others could do for it now. */
  wanted?: HelpWanted | undefined;
  /** Whom it helps. */
  helps?: Thread | undefined;
}

const BATCH_MAX = 64;
/** A number below this takes microseconds. */
const SMALL_END = 1n << 64n;

export class ThreadedFactorer implements Factorer {
  readonly appetite: number;
  readonly #data: WorkerData;
  #threads: readonly Thread[] = [];
  #threadsMax: number;
  readonly #waiting: Task[] = [];
  #isScheduled = false;
  #isInterrupted = false;
  #lane = 0;

  constructor(threads: number, data: WorkerData) {
    // A batch for each thread to work at, and one more to be at hand.
    this.appetite = 2 * BATCH_MAX * threads;
    this.#threadsMax = threads;
    this.#data = data;
  }

  factor(number: bigint, onProgress: OnProgress): Promise<Factored | undefined> {
    if (this.#isInterrupted) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ number, onProgress, resolve, reject });
      // At the end of the turn, so that what is asked for at once can travel together.
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => this.#hand());
    });
  }

  interrupt(): void {
    this.#isInterrupted = true;
    for (const task of this.#waiting.splice(0)) task.resolve(undefined);
    for (const { worker } of this.#threads) post(worker, { kind: 'interrupt' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  /** One more thread, if there is something for it to do. */
  #grow(): void {
    const isWanted = this.#waiting.length > 0 || this.#threads.some(({ wanted }) => wanted !== undefined);
    const isStarting = this.#threads.some(({ isReady }) => !isReady);
    if (isWanted && !isStarting && !this.#isInterrupted && this.#threads.length < this.#threadsMax)
      this.#threads = [...this.#threads, this.#start()];
  }

  #start(): Thread {
    // It prints nothing; otherwise each one would listen at our standard output.
    const options = { workerData: this.#data, stdout: true };
    const worker = new Worker(moduleUrl('./factor-worker', import.meta.url), options);
    const batch: Task[] = [];
    const thread: Thread = { worker, batch, isReady: false };
    worker.on('message', (message: ToMain) => this.#receive(thread, message));
    worker.on('error', (error: Error) => {
      this.#threads = this.#threads.filter((other) => other !== thread);
      // What ended one may end the next, and none is needed but the first.
      this.#threadsMax = this.#threads.length;
      for (const helper of this.#threads) if (helper.helps === thread) stopHelping(helper);
      for (const task of batch.splice(0)) task.reject(error);
      if (this.#threads.length === 0) for (const task of this.#waiting.splice(0)) task.reject(error);
    });
    return thread;
  }

  #receive(thread: Thread, message: ToMain): void {
    const { batch, helps } = thread;
    switch (message.kind) {
      case 'ready':
        thread.isReady = true;
        return this.#hand();
      case 'progress':
        return batch[0]?.onProgress(message.progress);
      case 'found':
        if (helps?.wanted?.value === message.value)
          post(helps.worker, { kind: 'learn', chunks: message.chunks });
        return undefined;
      case 'wanted':
        thread.wanted = message.wanted;
        for (const helper of this.#threads) if (helper.helps === thread) stopHelping(helper);
        return this.#help();
      case 'answer':
        batch.shift()?.resolve(message.factored);
        if (batch.length === 0) this.#hand();
    }
  }

  /** Threads that have nothing to do help with what has the fewest helpers. */
  #help(): void {
    for (const thread of this.#threads) {
      if (!thread.isReady || thread.batch.length > 0 || thread.helps) continue;
      const wanting = this.#threads.filter(({ wanted }) => wanted !== undefined);
      const helpersOf = (owner: Thread): number =>
        this.#threads.filter(({ helps }) => helps === owner).length;
      const [owner] = wanting.toSorted((a, b) => helpersOf(a) - helpersOf(b));
      if (owner?.wanted === undefined) break;
      thread.helps = owner;
      post(thread.worker, { kind: 'help', wanted: owner.wanted, lane: ++this.#lane });
    }
    this.#grow();
  }

  #hand(): void {
    this.#isScheduled = false;
    for (const thread of this.#threads) {
      const { worker, batch, isReady } = thread;
      if (this.#waiting.length === 0) break;
      if (!isReady || batch.length > 0) continue;
      stopHelping(thread);
      batch.push(...this.#waiting.splice(0, this.#batchLength()));
      post(worker, { kind: 'batch', numbers: batch.map(({ number }) => number) });
    }
    this.#help();
  }

  #batchLength(): number {
    const firstLarge = this.#waiting.findIndex(({ number }) => number >= SMALL_END);
    if (firstLarge === 0) return 1;
    // Shared out evenly while there are few.
    const share = Math.ceil(this.#waiting.length / this.#threads.length);
    return Math.min(BATCH_MAX, share, firstLarge === -1 ? Infinity : firstLarge);
  }
}

function stopHelping(thread: Thread): void {
  if (!thread.helps) return;
  thread.helps = undefined;
  post(thread.worker, { kind: 'rest' });
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message, []);
}
