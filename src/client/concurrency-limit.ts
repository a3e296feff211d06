/**
 * Lets at most `max` tasks run at once; the others wait their turn, first come first served.
 *
 * Invariant: places taken never exceed `max`, and a place is free again whether its task succeeds, fails or is given up.
 */
export class ConcurrencyLimit {
  readonly #max: number;
  readonly #queue = new Set<() => void>();
  #taken = 0;

  constructor(max: number) {
    if (!Number.isInteger(max) || max < 1)
      throw new RangeError(`Concurrency must be a whole number from 1: it is ${max}`);
    this.#max = max;
  }

  /** Whether tasks wait for a place. */
  get isCrowded(): boolean {
    return this.#queue.size > 0;
  }

  /** The task's outcome; or the signal's reason if it aborts before the task's turn. */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#taken < this.#max) this.#taken++;
    else await this.#turn(signal);
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#queue.delete(start);
        reject(signal?.reason);
      };
      this.#queue.add(start);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the place to whoever waits longest, so that nobody can slip in between. */
  #release(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
