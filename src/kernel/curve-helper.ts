/**
 * Runs elliptic curves over a number that another thread factors: other curves, in a memory of its own.
 *
 * It is driven like any job, by slices. Its chunks say what divisor it has met, or that some more curves have found nothing; whoever
 * holds the job gives them to its `learn`. It never ends by itself, and all that it needs lies in its state or in the memory.
 */
import { assert } from '../base/assert.ts';
import { factorization, type Factorization } from '../domain/factorization.ts';
import { startCurves, stepCurves } from './curves.ts';
import { type CurveBounds, CURVES_AT_ONCE, sigmaOfHelper } from './ecm-schedule.ts';
import { encodeRecord } from './job-chunk.ts';
import type { Job, JobState, Progress, StepOutcome } from './kernel.ts';
import type { KernelInstance } from './kernel-instance.ts';

interface CurveHelperState extends JobState {
  readonly bounds: CurveBounds;
  readonly lane: number;
  readonly curves: number;
  /** Chunks that nobody has taken. */
  readonly found: readonly Uint8Array[];
}

const STATE_VERSION = 1;

export function isCurveHelperState(state: JobState): state is CurveHelperState {
  return 'bounds' in state;
}

export class CurveHelper implements Job {
  readonly #kernel: KernelInstance;
  #state: CurveHelperState;

  private constructor(kernel: KernelInstance, state: CurveHelperState) {
    this.#kernel = kernel;
    this.#state = state;
  }

  /** Begins over a memory that `init` has seen. `lane`: an integer in [1, 2^32). */
  static start(kernel: KernelInstance, number: bigint, bounds: CurveBounds, lane: number): CurveHelper {
    const helper = new CurveHelper(kernel, {
      version: STATE_VERSION,
      number,
      bounds,
      lane,
      curves: 0,
      found: [],
    });
    helper.#begin();
    return helper;
  }

  static attach(kernel: KernelInstance, state: CurveHelperState): CurveHelper {
    assert(
      state.version === STATE_VERSION,
      `Cannot attach to curves of version ${state.version}: it must be ${STATE_VERSION}`,
    );
    return new CurveHelper(kernel, state);
  }

  step(shouldYield: () => boolean): StepOutcome {
    do {
      const outcome = stepCurves(this.#kernel, this.#state.number);
      if (outcome !== 'unfinished') this.#ended(outcome);
    } while (!shouldYield());
    return 'unfinished';
  }

  #begin(): void {
    const { number, bounds, lane, curves } = this.#state;
    startCurves(this.#kernel, number, { ...bounds, sigma: sigmaOfHelper(lane, bounds.b1, curves) });
  }

  /** Curves that have met all factors at once are told of as little as a factor would be that they had missed. */
  #ended(outcome: bigint | 'nothing' | 'all'): void {
    const { number: value, curves, found } = this.#state;
    const chunk =
      typeof outcome === 'bigint'
        ? encodeRecord({ kind: 'divisor', value, divisor: outcome })
        : encodeRecord({ kind: 'fruitless', value });
    this.#state = { ...this.#state, curves: curves + CURVES_AT_ONCE, found: [...found, chunk] };
    this.#begin();
  }

  state(): CurveHelperState {
    return this.#state;
  }

  takeChunks(): Uint8Array[] {
    const { found } = this.#state;
    this.#state = { ...this.#state, found: [] };
    return [...found];
  }

  learn(): void {
    // A helper works from the number alone.
  }

  helpWanted(): undefined {
    return undefined;
  }

  pagesWanted(): undefined {
    return undefined;
  }

  progress(): Progress {
    return { stage: 'ecm', fraction: 0 };
  }

  factorization(): Factorization {
    const { number } = this.#state;
    return factorization(number, [{ prime: number, exponent: 1, certainty: 'composite' }]);
  }
}
