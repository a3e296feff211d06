/**
 * The worker pool: W compute threads, each at one task at a time.
 *
 * It knows nothing of callers, queues or fairness; it says where there is room, runs what it is given, and survives threads
 * that throw, hang or exhaust their memory. A thread takes one slice, or up to two batches: the second one covers the time
 * that the answer to the first is on its way.
 */
import { parseFactors, type Factor } from '../domain/factorization.ts';
import type { JobState, Progress } from '../kernel/kernel.ts';
import type { SliceTask } from './protocol.ts';
import { WorkerSlot, type SlotOptions, type TaskAnswer } from './worker-slot.ts';

export type BatchOutcome =
  | { readonly kind: 'done'; readonly results: readonly { readonly factors: readonly Factor[]; readonly cpuMs: number }[] }
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
}

export interface EngineOptions extends SlotOptions {
  readonly workers: number;
}

/** Batches that one thread may have at hand. */
const BATCHES_PER_WORKER = 2;

export class Engine implements AsyncDisposable {
  readonly #slots: readonly WorkerSlot[];

  constructor(options: EngineOptions) {
    this.#slots = Array.from({ length: options.workers }, () => new WorkerSlot(options));
  }

  get workers(): number {
    return this.#slots.length;
  }

  /** Threads with a task. */
  get busy(): number {
    return this.#slots.filter((slot) => slot.load.length > 0).length;
  }

  /** Whether a slice can start at once. */
  get hasIdle(): boolean {
    return this.#slots.some((slot) => slot.load.length === 0);
  }

  /** Whether a batch can start at once or right after another. */
  get hasRoomForBatch(): boolean {
    return this.#slots.some(takesBatch);
  }

  /** Factors small numbers. Needs `hasRoomForBatch`. */
  async batch(numbers: readonly bigint[]): Promise<BatchOutcome> {
    const slot = this.#slots.find((s) => s.load.length === 0) ?? this.#slots.find(takesBatch);
    if (!slot) throw new Error('No worker has room for a batch');
    const answer = await slot.run({ kind: 'batch', numbers });
    if (answer.kind !== 'batch') return failure(answer);
    const results = answer.factors.map((text, i) => ({ factors: parseFactors(text), cpuMs: answer.cpuMs[i] ?? 0 }));
    return { kind: 'done', results };
  }

  /** Runs one slice of a job. Needs `hasIdle`. */
  async slice(task: Omit<SliceTask, 'id' | 'kind'>): Promise<SliceOutcome> {
    const slot = this.#slots.find((s) => s.load.length === 0);
    if (!slot) throw new Error('No worker is idle');
    const answer = await slot.run({ kind: 'slice', ...task });
    if (answer.kind !== 'slice') return failure(answer);
    const { finished, state, chunks, progress, factors, cpuMs } = answer;
    return { kind: finished ? 'finished' : 'parked', state, chunks, progress, factors: parseFactors(factors), cpuMs };
  }

  /** Asks every slice under way to end within milliseconds. */
  interrupt(): void {
    for (const slot of this.#slots) slot.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function takesBatch(slot: WorkerSlot): boolean {
  return slot.load.length < BATCHES_PER_WORKER && slot.load.every((kind) => kind === 'batch');
}

function failure(answer: TaskAnswer): { kind: 'broke'; index: number; reason: string } | { kind: 'unstarted' } {
  if (answer.kind === 'broke') return answer;
  if (answer.kind === 'unstarted') return { kind: 'unstarted' };
  return { kind: 'broke', index: 0, reason: `the worker answered a ${answer.kind}` };
}
