/** The kernel over one compiled module: small numbers in a memory of its own, jobs in the memories that they bring. */
import { assert } from '../base/assert.ts';
import { checkFactorization, type Factorization } from '../domain/factorization.ts';
import { bitLength } from './bit-length.ts';
import { CurveHelper, isCurveHelperState } from './curve-helper.ts';
import { FactorJob } from './factor-job.ts';
import { startHelper } from './help.ts';
import type { HelpWanted, Job, JobState, Kernel } from './kernel.ts';
import { KernelInstance } from './kernel-instance.ts';
import { isSieveHelperState, SieveHelper } from './sieve-helper.ts';
import { jobMemoryPages } from './sieve-range.ts';
import { SIQS_BITS_MAX } from './siqs.ts';
import { divideByPrimes } from './trial-division.ts';
import { WORD_END } from './word-end.ts';
import { factorsOfWords, type WordFactors } from './word-factors.ts';

/** Numbers up to here are done in about 5 ms, without a job. */
const SMALL_BITS_MAX = 104;
const SMALL_END = 1n << BigInt(SMALL_BITS_MAX);

export class WasmKernel implements Kernel {
  readonly #module: WebAssembly.Module;
  readonly #scratch: KernelInstance;
  readonly #cpuMs: () => number;

  /** `shared` says which of the two builds the module is; `cpuMs` is the CPU time of this thread, from anywhere. */
  constructor(module: WebAssembly.Module, shared: boolean, cpuMs: () => number) {
    this.#module = module;
    this.#cpuMs = cpuMs;
    const pages = jobMemoryPages(SMALL_BITS_MAX);
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
      const job = FactorJob.start(this.#scratch, this.#cpuMs, n, []);
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
    const bits = bitLength(n);
    if (bits <= SIQS_BITS_MAX) return jobMemoryPages(bits);
    // What is left without small primes may be in the sieve's range, and much shorter.
    const { parts } = divideByPrimes(this.#scratch, n, 'shallow');
    const rest = parts.find(({ kind }) => kind === 'untested');
    return jobMemoryPages(rest ? bitLength(rest.value) : 1);
  }

  start(n: bigint, memory: WebAssembly.Memory, chunks: readonly Uint8Array[]): Job {
    const instance = new KernelInstance(this.#module, memory);
    instance.exports.init();
    return FactorJob.start(instance, this.#cpuMs, n, chunks);
  }

  help(wanted: HelpWanted, memory: WebAssembly.Memory, lane: number): Job {
    return startHelper(this.#module, wanted, memory, lane);
  }

  attach(state: JobState, memory: WebAssembly.Memory): Job {
    const instance = new KernelInstance(this.#module, memory);
    if (isSieveHelperState(state)) return SieveHelper.attach(instance, state);
    if (isCurveHelperState(state)) return CurveHelper.attach(instance, state);
    return FactorJob.attach(instance, this.#cpuMs, state);
  }
}

function never(): boolean {
  return false;
}
