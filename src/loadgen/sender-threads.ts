/** The threads that send: made ready, started together, stopped. */
import { Worker } from 'node:worker_threads';
import { moduleUrl } from '../base/module-url.ts';
import type { FromSender, SenderData, SenderReport, ToSender } from './sender-protocol.ts';

export type SenderNews = Exclude<FromSender, { readonly kind: 'ready' }>;

interface Thread {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  readonly finished: Promise<SenderReport>;
}

export class SenderThreads implements AsyncDisposable {
  readonly #threads: readonly Thread[];
  #onNews: (thread: number, news: SenderNews) => void = () => undefined;

  /** One for each. */
  constructor(data: readonly SenderData[]) {
    this.#threads = data.map((workerData, i) => this.#start(workerData, i));
  }

  /**
   * Resolves when all are up; rejects if one fails, and with the signal's reason when that aborts. `onReady` is told how many are up: at
   * first none.
   */
  async ready(signal: AbortSignal, onReady: (threads: number) => void): Promise<void> {
    let up = 0;
    onReady(up);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    const each = this.#threads.map(({ ready }) => ready.then(() => onReady(++up)));
    await Promise.race([Promise.all(each), aborted.promise]).finally(() =>
      signal.removeEventListener('abort', abort),
    );
  }

  /** Has all of them send from `startMs` of the monotonic clock on; resolves to their reports. Rejects if one fails. */
  run(startMs: number, onNews: (thread: number, news: SenderNews) => void): Promise<readonly SenderReport[]> {
    this.#onNews = onNews;
    this.#tell({ kind: 'start', startMs });
    return Promise.all(this.#threads.map(({ finished }) => finished));
  }

  stop(): void {
    this.#tell({ kind: 'stop' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(workerData: SenderData, index: number): Thread {
    const worker = new Worker(moduleUrl('./sender-thread', import.meta.url), {
      workerData,
      transferList: workerData.callbacks ? [workerData.callbacks] : [],
    });
    const ready = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<SenderReport>();
    worker.on('message', (message: FromSender) => {
      if (message.kind === 'ready') return ready.resolve();
      this.#onNews(index, message);
      if (message.kind === 'finished') finished.resolve(message.report);
      return undefined;
    });
    const fail = (error: Error): void => {
      ready.reject(error);
      finished.reject(error);
    };
    worker.once('error', fail);
    worker.once('exit', () => fail(new Error('A thread that sends has ended by itself')));
    // Whoever waits for them is told; nobody may.
    ready.promise.catch(() => undefined);
    finished.promise.catch(() => undefined);
    return { worker, ready: ready.promise, finished: finished.promise };
  }

  #tell(message: ToSender): void {
    for (const { worker } of this.#threads) worker.postMessage(message, []);
  }
}
