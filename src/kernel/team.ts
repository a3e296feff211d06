/**
 * Threads that help a job of this thread: with elliptic curves before it sieves, and then with the sieve.
 *
 * They are taken when a number first wants them, since starting one takes longer than most numbers do; one between two steps, since starting
 * many at once would hold up whatever else the calling thread has to do.
 */
import { helpWorthGiving, isSameHelp } from './help.ts';
import type { HelpWanted, Job } from './kernel.ts';
import type { ToTeamThread } from './team-messages.ts';
import { takeTeamThread, type TeamThread } from './team-thread-pool.ts';

export class Team {
  readonly #module: WebAssembly.Module;
  readonly #size: number;
  /** Undefined in place of one that could not be started. */
  readonly #threads: Promise<TeamThread | undefined>[] = [];
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
    this.#threads.push(takeTeamThread(this.#module, (found) => void this.#found.push(...found)));
    this.#tell(this.#threads.length - 1);
  }

  #tell(index: number): void {
    const help = this.#helpGiven;
    const message: ToTeamThread = help ? { kind: 'help', wanted: help, lane: index + 1 } : { kind: 'rest' };
    void this.#threads[index]?.then((thread) => thread?.post(message));
  }

  /** The job wants no more. Whoever waits for its answer need not wait for threads that are starting still. */
  dissolve(): void {
    for (const starting of this.#threads) void starting.then((thread) => thread?.leave());
  }
}
