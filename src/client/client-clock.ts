/** The only place of the client that reads a clock. */
export interface ClientClock {
  /** Milliseconds since 1970; may jump when the machine's clock is set. */
  wallMs(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
}

export const clientClock: ClientClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  pause: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};
