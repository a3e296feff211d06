/** Factors numbers on the calling thread, one after the other, letting the event loop have a turn now and then. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryPool } from '../engine/memory-pool.ts';
import { helpWorthGiving, isSameHelp } from '../kernel/help.ts';
import type { HelpWanted, Kernel, Stage } from '../kernel/kernel.ts';
import { RoomyJob } from '../kernel/roomy-job.ts';
import type { Factored, Factorer, FactorerOptions, Helpers, OnProgress } from './factorer.ts';

/** How long the thread is held at a time, and with helpers, whose relations would come late. */
const TURN_MS = 20;
const HELPED_TURN_MS = 5;
/** Memories kept for the next number. */
const POOL_BYTES_MAX = 256 * 2 ** 20;

/** The methods, the harder the later; what only finishes another's work counts as that one. */
const METHODS: Record<Stage, { readonly rank: number; readonly name: Stage }> = {
  small: { rank: 0, name: 'small' },
  'trial-division': { rank: 1, name: 'trial-division' },
  primality: { rank: 2, name: 'primality' },
  ecm: { rank: 3, name: 'ecm' },
  siqs: { rank: 4, name: 'siqs' },
  'linear-algebra': { rank: 4, name: 'siqs' },
  'square-root': { rank: 4, name: 'siqs' },
};

export class LocalFactorer implements Factorer {
  readonly appetite = 1;
  readonly #kernel: Kernel;
  readonly #timeoutMs: number;
  readonly #helpers: Helpers | undefined;
  readonly #pool = new MemoryPool(POOL_BYTES_MAX);
  #isInterrupted = false;
  #turnEndsMs = 0;
  #wanted: HelpWanted | undefined;
  #learnt: Uint8Array[] = [];

  constructor(kernel: Kernel, { timeoutMs }: FactorerOptions, helpers?: Helpers) {
    this.#kernel = kernel;
    this.#timeoutMs = timeoutMs;
    this.#helpers = helpers;
  }

  async factor(number: bigint, onProgress: OnProgress): Promise<Factored | undefined> {
    await this.#breathe();
    if (this.#isInterrupted) return undefined;
    const beganMs = performance.now();
    if (!this.#kernel.isSmall(number)) return this.#factorLarge(number, beganMs, onProgress);
    const factorization = this.#kernel.factorSmall(number);
    return { factorization, elapsedMs: performance.now() - beganMs, algorithm: 'small' };
  }

  /** Takes over what helpers have found for the number that they were wanted for. */
  learn(chunks: readonly Uint8Array[]): void {
    this.#learnt.push(...chunks);
  }

  interrupt(): void {
    this.#isInterrupted = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held that the garbage collector does not find.
  }

  async #factorLarge(number: bigint, beganMs: number, onProgress: OnProgress): Promise<Factored> {
    const roomy = new RoomyJob(this.#kernel, number, this.#pool);
    let algorithm: Stage = 'small';
    // One move at a time, so that no method goes unseen.
    while (roomy.job.step(() => true) === 'unfinished') {
      const progress = roomy.job.progress();
      algorithm = harder(algorithm, progress.stage);
      if (this.#isInterrupted || performance.now() - beganMs >= this.#timeoutMs) break;
      if (!(await this.#breathe())) continue;
      onProgress(progress);
      this.#want(helpWorthGiving(roomy.job.helpWanted(), progress, this.#wanted !== undefined));
      roomy.job.learn(this.#learnt.splice(0));
      roomy.makeRoom();
    }
    this.#want(undefined);
    const factorization = roomy.job.factorization();
    roomy.end();
    return { factorization, elapsedMs: performance.now() - beganMs, algorithm };
  }

  #want(wanted: HelpWanted | undefined): void {
    if (isSameHelp(wanted, this.#wanted)) return;
    this.#wanted = wanted;
    this.#helpers?.onWanted(wanted);
  }

  /** Lets others have the thread if it is time; true if so. */
  async #breathe(): Promise<boolean> {
    if (performance.now() < this.#turnEndsMs) return false;
    await nextTurn();
    this.#turnEndsMs = performance.now() + (this.#wanted ? HELPED_TURN_MS : TURN_MS);
    return true;
  }
}

function harder(a: Stage, b: Stage): Stage {
  return METHODS[a].rank >= METHODS[b].rank ? a : METHODS[b].name;
}
