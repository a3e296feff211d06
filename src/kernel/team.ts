/**
 * Threads that sieve for a job of this thread while it sieves itself.
 *
 * They are started when a number first wants them, since that takes longer than most numbers do.
 */
import type { Job } from './kernel.ts';
import { PLATFORM, type Thread } from './platform.ts';
import { HELPED_MS_MIN } from './sieve-helper.ts';

export type ToTeamThread =
  | { readonly kind: 'begin'; readonly module: WebAssembly.Module }
  | { readonly kind: 'help'; readonly value: bigint; readonly lane: number }
  | { readonly kind: 'rest' };

export interface FromTeamThread {
  readonly value: bigint;
  readonly chunks: readonly Uint8Array[];
}

export class Team implements AsyncDisposable {
  readonly #module: WebAssembly.Module;
  readonly #size: number;
  /** Undefined in place of one that could not be started. */
  #threads: Promise<Thread | undefined>[] = [];
  /** What the threads are at. */
  #value: bigint | undefined;
  #found: FromTeamThread[] = [];

  /** `size`: threads beside this one. */
  constructor(module: WebAssembly.Module, size: number) {
    this.#module = module;
    this.#size = size;
  }

  /**
   * Gives the job what was found for it, and the threads what it wants. To be called between steps. A thread that fails helps no more; the job
   * is done without it.
   */
  serve(job: Job): void {
    const value = job.helpWanted();
    for (const { value: of, chunks } of this.#found.splice(0)) if (of === value) job.learn(chunks);
    if (value === this.#value) return;
    const isLong = (job.progress().remainingMs ?? 0) >= HELPED_MS_MIN;
    if (value !== undefined && isLong) {
      this.#tell((index) => ({ kind: 'help', value, lane: index + 1 }));
      this.#value = value;
    } else if (this.#value !== undefined) {
      this.#tell(() => ({ kind: 'rest' }));
      this.#value = undefined;
    }
  }

  #tell(messageFor: (index: number) => ToTeamThread): void {
    if (this.#threads.length === 0)
      this.#threads = Array.from({ length: this.#size }, () => this.#startThread());
    for (const [index, starting] of this.#threads.entries())
      void starting.then((thread) => thread?.post(messageFor(index)));
  }

  async #startThread(): Promise<Thread | undefined> {
    try {
      const thread = await PLATFORM.startTeamThread(
        (message) => void this.#found.push(message as FromTeamThread),
      );
      thread.post({ kind: 'begin', module: this.#module } satisfies ToTeamThread);
      return thread;
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(async (starting) => (await starting)?.terminate()));
  }
}
