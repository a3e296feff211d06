/** Waiting for room on the disk: a call that the store refuses as retryable is made again until it goes through. */
import type { Clock } from '../base/clock.ts';
import { StoreError } from '../store/store.ts';

const RETRY_MS = 500;

/** What `call` resolves to, or undefined once `signal` has aborted and the store still refuses. Rejects with what can't be retried. */
export async function untilRoom<T>(
  call: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retryable) throw error;
      if (signal.aborted) return undefined;
      await clock.sleep(RETRY_MS, signal);
    }
  }
}
