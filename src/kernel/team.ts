/**
 * Threads that help a job of this thread: with elliptic curves before it sieves, and then with the sieve.
 *
 * They are started when a number first wants them, since that takes longer than most numbers do; one between two steps, since starting many
 * at once would hold up whatever else the calling thread has to do.
 */
import { helpWorthGiving, isSameHelp } from './help.ts';
import type { HelpWanted, Job } from './kernel.ts';
import { PLATFORM, type Thread } from './platform.ts';

export type ToTeamThread =
  | { readonly kind: 'begin'; readonly module: WebAssembly.Module }
  | { readonly kind: 'help'; readonly wanted: HelpWanted; readonly lane: number }
  | { readonly kind: 'rest' };

/** What was found: chunks for `Job.learn`, which tells those that come too late. */
export type FromTeamThread = readonly Uint8Array[];

export class Team implements AsyncDisposable {
  readonly #module: WebAssembly.Module;
  readonly #size: number;
  /** Undefined in place of one that could not be started. */
  readonly #threads: Promise<Thread | undefined>[] = [];
  /** What the threads are at. */
  #helpGiven: HelpWanted | undefined;
  #found: Uint8Array[] = [];

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
    job.learn(this.#found.splice(0));
    const help = helpWorthGiving(job.helpWanted(), job.progress(), this.#helpGiven !== undefined);
    if (!isSameHelp(help, this.#helpGiven)) {
      this.#helpGiven = help;
      for (const index of this.#threads.keys()) this.#tell(index);
    }
    if (!help || this.#threads.length === this.#size) return;
    this.#threads.push(this.#startThread());
    this.#tell(this.#threads.length - 1);
  }

  #tell(index: number): void {
    const help = this.#helpGiven;
    const message: ToTeamThread = help ? { kind: 'help', wanted: help, lane: index + 1 } : { kind: 'rest' };
    void this.#threads[index]?.then((thread) => thread?.post(message));
  }

  async #startThread(): Promise<Thread | undefined> {
    try {
      const thread = await PLATFORM.startTeamThread(
        (message) => void this.#found.push(...(message as FromTeamThread)),
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
