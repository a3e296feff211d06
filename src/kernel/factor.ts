/** Factors one number, in Node.js or a browser: on the calling thread, giving it air between slices, and on others beside it. */
import { checkFactorization, formatFactors, type Factorization } from '../domain/factorization.ts';
import type { Kernel, Progress } from './kernel.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';
import { PLATFORM } from './platform.ts';
import { Team } from './team.ts';

export type { Factor, Factorization } from '../domain/factorization.ts';
export type { Progress, Stage } from './kernel.ts';
export { formatFactors };

export interface FactorOptions {
  /** Ends the work within about `sliceMs`. */
  readonly signal?: AbortSignal;
  /** Told after each slice. */
  readonly onProgress?: (progress: Progress) => void;
  /** Threads that work on the number, the calling one among them: 1 (the default) to 256. Others are started only for what takes longer. */
  readonly threads?: number;
  /** How long the calling thread is held at a time, in ms: above 0, 50 by default; with several threads 5 at most. */
  readonly sliceMs?: number;
}

const SLICE_MS = 50;
/** How often a team is served, so that little of what its threads do comes too late. */
const TEAM_TURN_MS = 5;
const THREADS_MAX = 256;
/** Decimal digits of what the service takes, too: beyond, even trial division holds the thread for long. */
const DIGITS_MAX = 1_000;

let loadedOnce: Promise<{ module: WebAssembly.Module; kernel: Kernel }> | undefined;

/**
 * All prime factors of `n`, however long it takes: `n` from 1 to 10^1000 − 1. Their product was checked.
 *
 * Rejects with a `TypeError` where `n` is no bigint, with a `RangeError` where `n` or an option is out of its bounds, and with the signal's
 * reason when aborted.
 */
export async function factor(n: bigint, options: FactorOptions = {}): Promise<Factorization> {
  const { signal, onProgress, threads = 1, sliceMs = SLICE_MS } = options;
  checkInput(n, threads, sliceMs);
  signal?.throwIfAborted();
  loadedOnce ??= loadKernelModule().then((module) => ({ module, kernel: createKernel(module) }));
  // A browser may have been without its network for a moment: the next call tries again.
  const { module, kernel } = await loadedOnce.catch((error: unknown) => {
    loadedOnce = undefined;
    throw error;
  });
  if (kernel.isSmall(n)) return kernel.factorSmall(n);
  const pages = kernel.memoryPages(n);
  const { sharedMemory: shared } = PLATFORM;
  const job = kernel.start(n, new WebAssembly.Memory({ initial: pages, maximum: pages, shared }), []);
  await using team = threads > 1 ? new Team(module, threads - 1) : undefined;
  const turnMs = team ? Math.min(sliceMs, TEAM_TURN_MS) : sliceMs;
  let sliceEndMs = performance.now() + turnMs;
  while (job.step(() => performance.now() >= sliceEndMs) === 'unfinished') {
    onProgress?.(job.progress());
    await PLATFORM.nextTurn();
    signal?.throwIfAborted();
    team?.serve(job);
    sliceEndMs = performance.now() + turnMs;
  }
  const result = job.factorization();
  checkFactorization(result);
  return result;
}

/** JavaScript callers have no types to keep them. */
function checkInput(n: unknown, threads: number, sliceMs: number): void {
  if (typeof n !== 'bigint')
    throw new TypeError(`Cannot factor ${String(n)}: it must be a bigint, as in 15n`);
  if (n < 1n) throw new RangeError(`Cannot factor ${n}: it must be at least 1`);
  if (n >= 10n ** BigInt(DIGITS_MAX))
    throw new RangeError(
      `Cannot factor a number of more than ${DIGITS_MAX} digits: it has ${n.toString().length}`,
    );
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX)
    throw new RangeError(`threads must be an integer from 1 to ${THREADS_MAX}: it is ${threads}`);
  if (!(sliceMs > 0)) throw new RangeError(`sliceMs must be above 0: it is ${sliceMs}`);
}
