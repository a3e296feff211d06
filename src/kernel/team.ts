/**
 * Threads that sieve for a job of this thread while it sieves itself.
 *
 * They are started when a number first wants them, since that takes longer than most numbers do.
 */
import type { Job } from './kernel.ts';
import { PLATFORM, type Thread } from './platform.ts';

export type ToTeamThread =
  | { readonly kind: 'begin'; readonly module: WebAssembly.Module }
  | { readonly kind: 'help'; readonly value: bigint; readonly lane: number }
  | { readonly kind: 'rest' };

export interface FromTeamThread {
  readonly value: bigint;
  readonly chunks: readonly Uint8Array[];
}

/** What is nearer to its end is done before a helper has paid for its set-up. */
export const HELPED_MS_MIN = 300;

export class Team implements Disposable {
  readonly #module: WebAssembly.Module;
  readonly #size: number;
  #threads: Promise<Thread>[] = [];
  /** What the threads are at. */
  #value: bigint | undefined;
  #found: FromTeamThread[] = [];
  #failure: Error | undefined;

  /** `size`: threads beside this one. */
  constructor(module: WebAssembly.Module, size: number) {
    this.#module = module;
    this.#size = size;
  }

  /** Gives the job what was found for it, and the threads what it wants. To be called between steps. Throws what a thread has thrown. */
  serve(job: Job): void {
    if (this.#failure) throw this.#failure;
    const value = job.helpWanted();
    for (const { value: of, chunks } of this.#found.splice(0)) if (of === value) job.learn(chunks);
    if (value === this.#value) return;
    if (value === undefined) this.#tell(() => ({ kind: 'rest' }));
    else if ((job.progress().remainingMs ?? 0) < HELPED_MS_MIN) return;
    else this.#tell((index) => ({ kind: 'help', value, lane: index + 1 }));
    this.#value = value;
  }

  #tell(messageFor: (index: number) => ToTeamThread): void {
    if (this.#threads.length === 0)
      this.#threads = Array.from({ length: this.#size }, () => this.#startThread());
    for (const [index, starting] of this.#threads.entries())
      void starting.then((thread) => thread.post(messageFor(index)));
  }

  async #startThread(): Promise<Thread> {
    const onError = (error: Error): void => void (this.#failure ??= error);
    const thread = await PLATFORM.startTeamThread(
      (message) => void this.#found.push(message as FromTeamThread),
      onError,
    );
    thread.post({ kind: 'begin', module: this.#module } satisfies ToTeamThread);
    return thread;
  }

  [Symbol.dispose](): void {
    for (const starting of this.#threads) void starting.then((thread) => thread.terminate());
  }
}
