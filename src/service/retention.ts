/** Deletes what is past retention, in small steps with pauses between, so that nobody notices. */
import type { Clock } from '../base/clock.ts';
import type { Store } from '../store/store.ts';

export interface RetentionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly retentionMs: number;
  /** Above this size the oldest ended requests go before their time. */
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

const EVERY_MS = 30_000;
const BETWEEN_STEPS_MS = 20;

/** Runs until `signal` aborts. Rejects with what the store rejects with. */
export async function keepRetention({
  store,
  clock,
  retentionMs,
  bytesMax,
  signal,
}: RetentionOptions): Promise<void> {
  while (!signal.aborted) {
    const nowMs = clock.wallMs();
    const deleted = await store.prune({ endedBeforeMs: nowMs - retentionMs, nowMs, bytesMax });
    await clock.sleep(deleted > 0 ? BETWEEN_STEPS_MS : EVERY_MS, signal);
  }
}
