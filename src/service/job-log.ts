/**
 * The log of a job between memory and store: its chunks wait in `unsaved` until the store has them.
 *
 * With them goes what the job has spent and since when it works for whom, which is written for a job without chunks as well: or a
 * crash would give its requests their whole budgets again.
 */
import type { Clock } from '../base/clock.ts';
import { StoreError, type Store } from '../store/store.ts';
import { startTimeMs, type LiveJob } from './live-job.ts';
import type { LiveSet } from './live-set.ts';

/** What goes to the store in one call, about: a larger commit would hold others up. */
const SAVE_BYTES_MAX = 2 ** 20;
/** What a job may spend, in CPU milliseconds, without the store being told. */
const UNTOLD_CPU_MS_MAX = 1_000;
/** What all jobs together keep for a store that has no room. */
const UNSAVED_BYTES_MAX = 32 * 2 ** 20;

export interface JobLogParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly live: Pick<LiveSet, 'jobs'>;
}

/**
 * Appends what is unsaved; without chunks, what was spent, if that is `UNTOLD_CPU_MS_MAX` or more since the last time. Where the store has no room it stays unsaved, to go with the next call: a log is worth time, not
 * correctness.
 */
export async function appendUnsaved(job: LiveJob, { store, clock, live }: JobLogParts): Promise<void> {
  const chunks = job.unsaved;
  if (chunks.length === 0 && job.cpuMs - job.savedCpuMs < UNTOLD_CPU_MS_MAX) return;
  job.unsaved = [];
  job.savedCpuMs = job.cpuMs;
  const started = [...job.members].flatMap((member) => {
    const startedAtMs = startTimeMs(member);
    const { budgetFromMs, guest } = member;
    if (startedAtMs === undefined || budgetFromMs === undefined || guest) return [];
    return { seq: member.stored.seq, startedAtMs, budgetFromMs };
  });
  const entry = { number: job.key, cpuMs: job.cpuMs, started, atMs: clock.wallMs() };
  const refused = await Promise.all(
    inPieces(chunks).map(async (piece) => {
      try {
        await store.appendLog({ ...entry, chunks: piece });
        return [];
      } catch (error) {
        if (!(error instanceof StoreError) || !error.retryable) throw error;
        return piece;
      }
    }),
  );
  const left = refused.flat();
  if (left.length === 0) return;
  // A store that stays full must not fill the memory as well: what is left out costs time after a crash, no more.
  let bytes = 0;
  for (const { unsaved } of live.jobs()) bytes += bytesOf(unsaved);
  const first = left.findIndex((chunk) => (bytes += chunk.length) > UNSAVED_BYTES_MAX);
  job.unsaved = [...left.slice(0, first === -1 ? left.length : first), ...job.unsaved];
}

/** One piece at least, be it empty. */
function inPieces(chunks: readonly Uint8Array[]): Uint8Array[][] {
  const pieces: Uint8Array[][] = [[]];
  let bytes = 0;
  for (const chunk of chunks) {
    if (bytes > 0 && bytes + chunk.length > SAVE_BYTES_MAX) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)?.push(chunk);
    bytes += chunk.length;
  }
  return pieces;
}

function bytesOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}
