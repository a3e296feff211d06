/** The kernel over one compiled module: small numbers in a memory of its own, jobs in the memories that they bring. */
import { assert } from '../base/assert.ts';
import { checkFactorization, type Factorization } from '../domain/factorization.ts';
import { bitLength } from './bit-length.ts';
import { CurveHelper, isCurveHelperState } from './curve-helper.ts';
import { FactorJob } from './factor-job.ts';
import { startHelper } from './help.ts';
import type { HelpWanted, Job, JobState, Kernel } from './kernel.ts';
import { KernelInstance, WORD_END } from './kernel-instance.ts';
import { isSieveHelperState, SieveHelper } from './sieve-helper.ts';
import { jobMemoryPages } from './sieve-range.ts';
import { factorsOfWords, type WordFactors } from './word-factors.ts';

/** Numbers up to here are done in about 5 ms, without a job. */
const SMALL_BITS_MAX = 104;
const SMALL_END = 1n << BigInt(SMALL_BITS_MAX);

export class WasmKernel implements Kernel {
  readonly #module: WebAssembly.Module;
  readonly #scratch: KernelInstance;

  /** `shared` says which of the two builds the module is. */
  constructor(module: WebAssembly.Module, shared: boolean) {
    this.#module = module;
    const pages = this.memoryPages(SMALL_END - 1n);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    this.#scratch = new KernelInstance(module, memory);
    this.#scratch.exports.init();
  }

  isSmall(n: bigint): boolean {
    return n < SMALL_END;
  }

  factorSmall(n: bigint): Factorization {
    assert(
      n >= 1n && this.isSmall(n),
      () => `Cannot factor ${n} as a small number: it must be from 1 to ${SMALL_END - 1n}`,
    );
    if (n >= WORD_END) {
      const job = FactorJob.start(this.#scratch, n, []);
      job.step(never);
      return job.factorization();
    }
    const [factors = []] = factorsOfWords(this.#scratch.factorWords([n]));
    const result = { number: n, factors, complete: true };
    checkFactorization(result);
    return result;
  }

  get wordsMax(): number {
    return this.#scratch.wordsMax;
  }

  factorWords(words: readonly bigint[]): WordFactors {
    return this.#scratch.factorWords(words);
  }

  memoryPages(n: bigint): number {
    return jobMemoryPages(bitLength(n));
  }

  start(n: bigint, memory: WebAssembly.Memory, chunks: readonly Uint8Array[]): Job {
    const instance = new KernelInstance(this.#module, memory);
    instance.exports.init();
    return FactorJob.start(instance, n, chunks);
  }

  help(wanted: HelpWanted, memory: WebAssembly.Memory, lane: number): Job {
    return startHelper(this.#module, wanted, memory, lane);
  }

  attach(state: JobState, memory: WebAssembly.Memory): Job {
    const instance = new KernelInstance(this.#module, memory);
    if (isSieveHelperState(state)) return SieveHelper.attach(instance, state);
    if (isCurveHelperState(state)) return CurveHelper.attach(instance, state);
    return FactorJob.attach(instance, state);
  }
}

function never(): boolean {
  return false;
}
