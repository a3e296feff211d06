/** What the engine and its worker threads say to each other. Everything here survives structured cloning. */
import type { HelpWanted, JobState, Progress } from '../kernel/kernel.ts';
import type { WordFactors } from '../kernel/word-factors.ts';

export type WorkerTask = BatchTask | SliceTask;

/** Small numbers, each done to the end. */
export interface BatchTask {
  readonly kind: 'batch';
  readonly id: number;
  readonly numbers: readonly bigint[];
  /** Each by itself, so that one that breaks the thread is known. Otherwise words go to the kernel many at a time. */
  readonly singly: boolean;
}

/** One slice of a job that has a memory of its own. */
export interface SliceTask {
  readonly kind: 'slice';
  readonly id: number;
  readonly number: bigint;
  readonly memory: WebAssembly.Memory;
  /** Where the job stands in `memory`; absent: start it from its log. */
  readonly state?: JobState;
  readonly log: readonly Uint8Array[];
  /** What helpers have found for it meanwhile. */
  readonly learnt?: readonly Uint8Array[];
  /** Set: it helps another job, whose composite `number` is. */
  readonly help?: { readonly wanted: HelpWanted; readonly lane: number };
  /** CPU milliseconds after which the slice ends. */
  readonly sliceMs: number;
}

export type WorkerReply =
  /** The first message of each thread: it takes tasks now. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'batch';
      /** In the order of the numbers: factors of a run of words, or those of one number as `formatFactors` writes them. */
      readonly results: readonly (WordFactors | string)[];
      readonly cpuMs: Float64Array;
    }
  | SliceReply
  /** The kernel threw: the thread's memory can't be trusted any more, and it ends. */
  | ({ readonly kind: 'broke'; readonly reason: string } & Suspects);

/** Which numbers of a batch a thread was at: `count` of them from `index` on. */
export interface Suspects {
  readonly index: number;
  readonly count: number;
}

export interface SliceReply {
  readonly kind: 'slice';
  readonly finished: boolean;
  readonly state: JobState;
  /** New chunks of the job's log. */
  readonly chunks: readonly Uint8Array[];
  readonly progress: Progress;
  /** What is known of the factors, as `formatFactors` writes it. */
  readonly factors: string;
  readonly cpuMs: number;
  /** What other threads could do for it now. */
  readonly helpWanted?: HelpWanted;
}

/** Cells of the Int32Array that a worker shares with the engine. */
export const CONTROL = {
  /** The id of the task that should end soon. */
  yield: 0,
  /** Rises while the worker makes headway. */
  heartbeat: 1,
  /** The index in its batch of the number being worked on; of the first, where there are several. */
  index: 2,
  /** How many numbers are being worked on. */
  count: 3,
} as const;
export const CONTROL_CELLS = 4;
