/** Factors one number on the calling thread, giving it air between slices. */
import type { Factorization } from '../domain/factorization.ts';
import type { Kernel, Progress } from './kernel.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';

export interface FactorOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** How long the thread is held at a time. */
  readonly sliceMs?: number;
}

const SLICE_MS = 50;

let kernelOnce: Promise<Kernel> | undefined;

/** All prime factors of n >= 1, however long it takes; rejects with the signal's reason when aborted. */
export async function factor(n: bigint, options: FactorOptions = {}): Promise<Factorization> {
  const { signal, onProgress, sliceMs = SLICE_MS } = options;
  signal?.throwIfAborted();
  kernelOnce ??= loadKernelModule().then((module) => createKernel(module));
  const kernel = await kernelOnce;
  if (kernel.isSmall(n)) return kernel.factorSmall(n);
  const pages = kernel.memoryPages(n);
  const job = kernel.start(n, new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), []);
  let sliceEndMs = performance.now() + sliceMs;
  while (job.step(() => performance.now() >= sliceEndMs) === 'unfinished') {
    onProgress?.(job.progress());
    await new Promise((resolve) => void setTimeout(resolve, 0));
    signal?.throwIfAborted();
    sliceEndMs = performance.now() + sliceMs;
  }
  return job.factorization();
}
