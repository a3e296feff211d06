/** The only place that reads a clock. Everything else is given one, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970; may jump when the machine's clock is set. For times that people read. */
  wallMs(): number;
  /** Milliseconds since some moment, which is the same for all threads of a process; never goes back. For durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts; then nothing keeps the process up. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `ring` once after `ms`, unless what it returns is called before; that may be called later too. */
  after(ms: number, ring: () => void): () => void;
}

/** Each thread counts `performance.now()` from its own start. */
const THREAD_ORIGIN_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => THREAD_ORIGIN_MS + performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, signal?.aborted ? 0 : ms);
      signal?.addEventListener('abort', wake);
    }),
  after: (ms, ring) => {
    const timer = setTimeout(ring, ms);
    return () => clearTimeout(timer);
  },
};
