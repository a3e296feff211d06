/** Those who wait for a request to end: inline waits, long-polls and event streams. A waiter is one closure in one set. */
export class Waiters {
  readonly #bySeq = new Map<number, Set<() => void>>();

  /** How many wait, over all requests. */
  size = 0;
  #closed = false;

  /** Resolves when `seq` ends, after `ms`, when `signal` aborts, or at `close`, whichever is first. Never rejects. */
  async wait(seq: number, ms: number, signal: AbortSignal): Promise<void> {
    if (this.#closed || signal.aborted || ms <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    const set = this.#bySeq.get(seq) ?? new Set();
    this.#bySeq.set(seq, set.add(resolve));
    this.size++;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.size--;
      set.delete(resolve);
      if (set.size === 0 && this.#bySeq.get(seq) === set) this.#bySeq.delete(seq);
    }
  }

  /** Wakes everyone who waits for `seq`. */
  wake(seq: number): void {
    for (const resolve of this.#bySeq.get(seq) ?? []) resolve();
  }

  /** Sends everyone away, and from now on whoever comes at once. */
  close(): void {
    this.#closed = true;
    for (const seq of this.#bySeq.keys()) this.wake(seq);
  }
}
