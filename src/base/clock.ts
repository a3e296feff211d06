/** The only place that reads a clock. Everything else is given one, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970; may jump when the machine's clock is set. For times that people read. */
  wallMs(): number;
  /** Milliseconds since some moment; never goes back. For durations and deadlines. */
  monotonicMs(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
