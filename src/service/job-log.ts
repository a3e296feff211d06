/** The log of a job between memory and store: its chunks wait in `unsaved` until the store has them. */
import type { Clock } from '../base/clock.ts';
import { StoreError, type Store } from '../store/store.ts';
import { startTimeMs, type LiveJob } from './live-job.ts';

/**
 * Appends what is unsaved. Where the store has no room it stays unsaved, to go with the next call: a log is worth time, not
 * correctness.
 */
export async function appendUnsaved(
  job: LiveJob,
  { store, clock }: { store: Store; clock: Clock },
): Promise<void> {
  const chunks = job.unsaved;
  if (chunks.length === 0) return;
  job.unsaved = [];
  const started = [...job.members].flatMap((live) => {
    const atMs = startTimeMs(live);
    return atMs === undefined ? [] : { seq: live.stored.seq, startedAtMs: atMs };
  });
  try {
    await store.appendLog({ number: job.number, chunks, cpuMs: job.cpuMs, started, atMs: clock.wallMs() });
  } catch (error) {
    if (!(error instanceof StoreError) || !error.retryable) throw error;
    job.unsaved = [...chunks, ...job.unsaved];
  }
}
