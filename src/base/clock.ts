/** The only place that reads a clock. Everything else is given one, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970; may jump when the machine's clock is set. For times that people read. */
  wallMs(): number;
  /** Milliseconds since some moment; never goes back. For durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts; then nothing keeps the process up. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
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
};
