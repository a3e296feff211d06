/** Factors one number, in Node.js or a browser: on the calling thread, giving it air between slices, and on others beside it. */
import { checkFactorization, formatFactors, type Factorization } from '../domain/factorization.ts';
import { checkNumber, factorSettings, type FactorOptions } from './factor-options.ts';
import type { Kernel } from './kernel.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';
import { PLATFORM } from './platform.ts';
import { type MemorySource, RoomyJob } from './roomy-job.ts';
import { Team } from './team.ts';

export type { Factor, Factorization } from '../domain/factorization.ts';
export type { FactorOptions } from './factor-options.ts';
export type { Progress, Stage } from './kernel.ts';
export { formatFactors };

/** How often a team is served, so that little of what its threads do comes too late. */
const TEAM_TURN_MS = 5;

/** Of each job alone: what is given back is left to the garbage collector. */
const MEMORIES: MemorySource = {
  take: (pages) => new WebAssembly.Memory({ initial: pages, maximum: pages, shared: PLATFORM.sharedMemory }),
  give: () => undefined,
};

let loadedOnce: Promise<{ module: WebAssembly.Module; kernel: Kernel }> | undefined;

/**
 * All prime factors of `n`, however long it takes: `n` from 1 to 10^1000 − 1. Their product was checked.
 *
 * Rejects with a `TypeError` where `n` is no bigint or an option has the wrong type, with a `RangeError` where one is out of its bounds, and
 * with the signal's reason when aborted.
 */
export async function factor(n: bigint, options: FactorOptions = {}): Promise<Factorization> {
  checkNumber(n);
  const { signal, onProgress, threads, sliceMs } = factorSettings(options);
  signal?.throwIfAborted();
  loadedOnce ??= loadKernelModule().then((module) => ({ module, kernel: createKernel(module) }));
  // A browser may have been without its network for a moment: the next call tries again.
  const { module, kernel } = await loadedOnce.catch((error: unknown) => {
    loadedOnce = undefined;
    throw error;
  });
  if (kernel.isSmall(n)) return kernel.factorSmall(n);
  const roomy = new RoomyJob(kernel, n, MEMORIES);
  const team = threads > 1 ? new Team(module, threads - 1) : undefined;
  const turnMs = team ? Math.min(sliceMs, TEAM_TURN_MS) : sliceMs;
  try {
    let sliceEndMs = performance.now() + turnMs;
    while (roomy.job.step(() => performance.now() >= sliceEndMs) === 'unfinished') {
      onProgress?.(roomy.job.progress());
      await PLATFORM.nextTurn();
      signal?.throwIfAborted();
      team?.serve(roomy.job);
      roomy.makeRoom();
      sliceEndMs = performance.now() + turnMs;
    }
  } finally {
    team?.dissolve();
  }
  const result = roomy.job.factorization();
  checkFactorization(result);
  return result;
}
