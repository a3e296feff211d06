/**
 * Sieves for a number that another thread factors: other polynomials of the same sieve, in a memory of its own.
 *
 * It is driven like any job, by slices, and its chunks are such as the job's own: whoever holds the job gives them to its `learn`, and
 * appends them to its log. It knows nothing of factors.
 */
import { assert } from '../base/assert.ts';
import { factorization, type Factorization } from '../domain/factorization.ts';
import { encodeRecord } from './job-chunk.ts';
import type { Job, JobState, Progress, StepOutcome } from './kernel.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { Siqs, type SiqsState } from './siqs.ts';

interface SieveHelperState extends JobState {
  readonly helps: SiqsState;
}

const STATE_VERSION = 1;

export function isSieveHelperState(state: JobState): state is SieveHelperState {
  return 'helps' in state;
}

export class SieveHelper implements Job {
  readonly #value: bigint;
  readonly #siqs: Siqs;

  private constructor(kernel: KernelInstance, value: bigint) {
    this.#value = value;
    this.#siqs = new Siqs(kernel.exports, kernel.memory);
  }

  /** Begins over a memory that `init` has seen. `value`: what `helpWanted` of a job has said. `lane`: an integer in [1, 2^32). */
  static start(kernel: KernelInstance, value: bigint, lane: number): SieveHelper {
    const helper = new SieveHelper(kernel, value);
    helper.#siqs.start(value, lane);
    return helper;
  }

  static attach(kernel: KernelInstance, state: SieveHelperState): SieveHelper {
    assert(
      state.version === STATE_VERSION,
      `Cannot attach to a helper of version ${state.version}: it must be ${STATE_VERSION}`,
    );
    const helper = new SieveHelper(kernel, state.number);
    helper.#siqs.attach(state.helps);
    return helper;
  }

  /** Beyond the sieve there is nothing to help with: whoever has all relations by itself is finished. */
  step(shouldYield: () => boolean): StepOutcome {
    while (this.#siqs.progress().stage === 'siqs') {
      if (this.#siqs.step(() => true) === 'exhausted') return 'finished';
      if (shouldYield()) return 'unfinished';
    }
    return 'finished';
  }

  state(): SieveHelperState {
    return { version: STATE_VERSION, number: this.#value, helps: this.#siqs.state() };
  }

  takeChunks(): Uint8Array[] {
    return takeRelationChunks(this.#siqs, this.#value);
  }

  /** Nothing to learn and nothing to be helped with: that is the job's. */
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
    return { stage: this.#siqs.progress().stage, fraction: 0 };
  }

  factorization(): Factorization {
    return factorization(this.#value, [{ prime: this.#value, exponent: 1, certainty: 'composite' }]);
  }
}

/** What a sieve has found since the last taking, as records of the job's log. */
export function takeRelationChunks(siqs: Siqs, value: bigint): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let relations = siqs.takeRelations(); relations; relations = siqs.takeRelations())
    chunks.push(encodeRecord({ kind: 'relations', value, relations }));
  return chunks;
}
