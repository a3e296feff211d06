/** The log of a job between memory and store: its chunks wait in `unsaved` until the store has them. */
import type { Clock } from '../base/clock.ts';
import { StoreError, type Store } from '../store/store.ts';
import { startTimeMs, type LiveJob } from './live-job.ts';

/** Chunks kept for the store while it has no room, a few KiB each as a rule. */
const UNSAVED_CHUNKS_MAX = 500;

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
    // A disk that stays full must not fill the memory as well: what is left out costs time after a crash, no more.
    job.unsaved = [...chunks, ...job.unsaved].slice(0, UNSAVED_CHUNKS_MAX);
  }
}
