/**
 * The kernel's contract with everything above it: types only.
 *
 * A job is one number being factored. All that is large about it lies in its `WebAssembly.Memory` (shared, so that any
 * thread may attach to it); the rest is a small `JobState` that survives structured cloning. Whoever holds the pair can go
 * on with the job, on any thread, without loss. Only one thread may hold it at a time.
 *
 * What is worth keeping through a crash comes out as *chunks*: an append-only log of bytes, each at most 64 KiB. A job
 * made from its number and all chunks taken so far, in order, lacks nothing but the time since the last taking.
 */
import type { Factorization } from '../domain/factorization.ts';
import type { CurveBounds } from './ecm-schedule.ts';
import type { WordFactors } from './word-factors.ts';

export type Stage =
  | 'small'
  | 'trial-division'
  | 'ecm'
  | 'siqs'
  | 'linear-algebra'
  | 'square-root'
  | 'primality';

export interface Progress {
  readonly stage: Stage;
  /** Of the whole job, in [0, 1], never falling within a stage; a guess before the sieve. */
  readonly fraction: number;
  /**
   * Expected CPU milliseconds of the job still to go; absent where nothing honest can be said. By the number's size at first; once the job sieves,
   * more and more by its own speed, helpers included.
   */
  readonly remainingMs?: number;
  /** While it sieves: relations that count, and how many are needed, which rises where a first attempt fails; at the end there may be some more. */
  readonly relations?: { readonly found: number; readonly needed: number };
}

/** Opaque outside the kernel; survives structured cloning. */
export interface JobState {
  readonly version: number;
  readonly number: bigint;
}

export type StepOutcome = 'unfinished' | 'finished';

/** What other threads could do for a job now. Survives structured cloning. */
export interface HelpWanted {
  /** The composite that the job is at. */
  readonly value: bigint;
  /** Set: it wants curves with these bounds; else it is sieved. */
  readonly curves?: CurveBounds;
}

/** A number being factored, attached to its memory. Not thread-safe; never called re-entrantly. */
export interface Job {
  /**
   * Works until the job is finished or `shouldYield` returns true. `shouldYield` is asked at least once per about 5 ms of
   * work whatever the stage and the size of the number, so that a slice ends when it should.
   */
  step(shouldYield: () => boolean): StepOutcome;
  /** To be taken between steps; with the memory it is all that `attach` needs. */
  state(): JobState;
  /** What has become worth keeping since the last call: zero or more chunks to append to the job's log. */
  takeChunks(): Uint8Array[];
  progress(): Progress;
  /** What other threads could do for it now, see `Kernel.help`; undefined where that is nothing. */
  helpWanted(): HelpWanted | undefined;
  /**
   * Pages of a memory in which it would now sieve a composite that has had its share of curves, and that has no room where it is; undefined
   * where there is none: there it goes on with curves. Whoever has such a memory begins the job again there from its log (`RoomyJob`).
   */
  pagesWanted(): number | undefined;
  /** Takes over chunks that helpers have made, between steps. What does not fit the job, or that it has already, is ignored. */
  learn(chunks: readonly Uint8Array[]): void;
  /** What is known now: complete when finished; before that with unsplit parts marked composite. Always multiplies to the number. */
  factorization(): Factorization;
}

export interface Kernel {
  /** True if `n` is done by `factorSmall` within about 5 ms, so that it needs no memory of its own. */
  isSmall(n: bigint): boolean;
  /** Factors a small number to the end in the kernel's own scratch memory. `n` ≥ 1 and `isSmall(n)`. */
  factorSmall(n: bigint): Factorization;
  /** How many words `factorWords` takes at a time. */
  readonly wordsMax: number;
  /** Factors up to `wordsMax` numbers from 1 to 2^64 - 1 in one go, about 2 ms at most, unchecked. Throws a RangeError that names the number or the count beyond its bound. */
  factorWords(words: readonly bigint[]): WordFactors;
  /**
   * The memory a job for `n` needs, in 64 KiB pages; one of a few size classes, so that memories can be used again. Beyond 335 bits it is
   * chosen by what small primes leave of the number, which takes about 0.4 ms at 1,000 digits; where that is beyond 335 bits, too, composites of
   * up to 232 bits can be sieved in it (`Job.pagesWanted`).
   */
  memoryPages(n: bigint): number;
  /** A new job over a memory of at least `memoryPages(n)` pages, whatever it held before. `chunks` is the job's log so far: empty at first. */
  start(n: bigint, memory: WebAssembly.Memory, chunks: readonly Uint8Array[]): Job;
  /**
   * A job that works for another one, so that it is done sooner: `wanted` is what that one's `helpWanted` says. It goes on until nobody
   * calls its `step` any more, or is finished when it has all relations by itself; what it finds is in its chunks. The memory has
   * `memoryPages(wanted.value)` pages. Helpers of the same number need different lanes, integers in [1, 2^32), or they do the same work.
   */
  help(wanted: HelpWanted, memory: WebAssembly.Memory, lane: number): Job;
  /** Goes on with a job where `state` and `memory` left it, perhaps on another thread. */
  attach(state: JobState, memory: WebAssembly.Memory): Job;
}
