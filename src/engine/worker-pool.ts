/** The engine on worker threads: each takes one slice, or up to two batches, since the second covers the way of the first one's answer. */
import { parseFactors } from '../domain/factorization.ts';
import { factorsOfWords } from '../kernel/word-factors.ts';
import type { BatchOutcome, Engine, SliceOrder, SliceOutcome } from './engine.ts';
import { WorkerSlot, type SlotOptions, type TaskAnswer } from './worker-slot.ts';

export interface WorkerPoolOptions extends SlotOptions {
  readonly workers: number;
}

/** Batches that one thread may have at hand. */
const BATCHES_PER_WORKER = 2;

export class WorkerPool implements Engine {
  readonly #slots: readonly WorkerSlot[];
  broken = 0;

  constructor(options: WorkerPoolOptions) {
    const onBroken = (reason: string): void => {
      this.broken++;
      options.onBroken(reason);
    };
    this.#slots = Array.from({ length: options.workers }, () => new WorkerSlot({ ...options, onBroken }));
  }

  /** Resolves when every thread takes tasks: until then what it is given waits. */
  async ready(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.ready));
  }

  get workers(): number {
    return this.#slots.length;
  }

  get busy(): number {
    return this.#slots.filter((slot) => slot.load.length > 0).length;
  }

  get hasIdle(): boolean {
    return this.#slots.some((slot) => slot.load.length === 0);
  }

  get hasRoomForBatch(): boolean {
    return this.#slots.some(takesBatch);
  }

  async batch(numbers: readonly bigint[]): Promise<BatchOutcome> {
    const slot = this.#slots.find((s) => s.load.length === 0) ?? this.#slots.find(takesBatch);
    if (!slot) throw new Error('No worker has room for a batch');
    let answer = await slot.run({ kind: 'batch', numbers, singly: false });
    // Which of several numbers it was that broke the thread is found out by giving them to its successor one by one.
    if (answer.kind === 'broke' && answer.count > 1)
      answer = await slot.run({ kind: 'batch', numbers, singly: true });
    if (answer.kind !== 'batch') return failure(answer);
    const { results, cpuMs } = answer;
    const factors = results.flatMap((result) =>
      typeof result === 'string' ? [parseFactors(result)] : factorsOfWords(result),
    );
    return { kind: 'done', results: factors.map((each, i) => ({ factors: each, cpuMs: cpuMs[i] ?? 0 })) };
  }

  async slice(task: SliceOrder): Promise<SliceOutcome> {
    const slot = this.#slots.find((s) => s.load.length === 0);
    if (!slot) throw new Error('No worker is idle');
    const answer = await slot.run({ kind: 'slice', ...task });
    if (answer.kind !== 'slice') return failure(answer);
    const { finished, state, chunks, progress, factors, cpuMs, helpWanted } = answer;
    return {
      kind: finished ? 'finished' : 'parked',
      state,
      chunks,
      progress,
      factors: parseFactors(factors),
      cpuMs,
      ...(helpWanted !== undefined && { helpWanted }),
    };
  }

  interrupt(which: 'all' | 'helpers'): void {
    for (const slot of this.#slots) slot.interrupt(which);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function takesBatch(slot: WorkerSlot): boolean {
  return slot.load.length < BATCHES_PER_WORKER && slot.load.every((kind) => kind === 'batch');
}

function failure(
  answer: TaskAnswer,
): { kind: 'broke'; index: number; reason: string } | { kind: 'unstarted' } {
  if (answer.kind === 'broke') return answer;
  if (answer.kind === 'unstarted') return { kind: 'unstarted' };
  return { kind: 'broke', index: 0, reason: `the worker answered a ${answer.kind}` };
}
