/**
 * The engine's port: runs batches of small numbers and slices of jobs on compute threads.
 *
 * It knows nothing of callers, queues or fairness; it says where there is room, runs what it is given, and survives threads
 * that throw, hang or exhaust their memory.
 */
import type { Factor } from '../domain/factorization.ts';
import type { HelpWanted, JobState, Progress } from '../kernel/kernel.ts';
import type { SliceTask } from './protocol.ts';

export type BatchOutcome =
  | {
      readonly kind: 'done';
      readonly results: readonly { readonly factors: readonly Factor[]; readonly cpuMs: number }[];
    }
  /** The number at `index` broke the thread; nothing is known of the others. */
  | { readonly kind: 'broke'; readonly index: number; readonly reason: string }
  | { readonly kind: 'unstarted' };

export type SliceOutcome =
  | ({ readonly kind: 'finished' | 'parked' } & SliceResult)
  | { readonly kind: 'broke'; readonly reason: string }
  | { readonly kind: 'unstarted' };

export interface SliceResult {
  readonly state: JobState;
  readonly chunks: readonly Uint8Array[];
  readonly progress: Progress;
  readonly factors: readonly Factor[];
  readonly cpuMs: number;
  /** What other threads could do for it now. */
  readonly helpWanted?: HelpWanted;
}

/** What whoever hands out work needs of the engine. */
export interface Engine extends AsyncDisposable {
  readonly workers: number;
  /** Threads with a task. */
  readonly busy: number;
  /** Threads that had to be replaced so far. */
  readonly broken: number;
  /** Whether a slice can start at once. */
  readonly hasIdle: boolean;
  /** Whether a batch can start at once or right after another. */
  readonly hasRoomForBatch: boolean;
  /** Factors small numbers. Needs `hasRoomForBatch`. */
  batch(numbers: readonly bigint[]): Promise<BatchOutcome>;
  /** Runs one slice of a job, or of a helper of one. Needs `hasIdle`. */
  slice(task: SliceOrder): Promise<SliceOutcome>;
  /** Asks slices under way to end within milliseconds: all, or those of helpers alone. */
  interrupt(which: 'all' | 'helpers'): void;
}

export type SliceOrder = Omit<SliceTask, 'id' | 'kind'>;
