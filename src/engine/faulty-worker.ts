/** A worker for tests: the real loop around a kernel that breaks in the ways that a thread can break, by the number it is given. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { factorization } from '../domain/factorization.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { createKernel } from '../kernel/load-kernel.ts';
import { runWorker } from './run-worker.ts';

/** Numbers that break their thread, and how. All are even, so that a real factorization of them would be unremarkable. */
export const FAULTS = { throws: 666n, hangs: 6_666n, exhausts: 66_666n, lies: 666_666n } as const;

function breakDown(n: bigint): void {
  if (n === FAULTS.throws) throw new Error('the kernel threw');
  if (n === FAULTS.hangs) for (;;);
  if (n === FAULTS.exhausts)
    for (const hoard: number[][] = []; ;) hoard.push(Array.from({ length: 100_000 }, Math.random));
}

function faulty(kernel: Kernel): Kernel {
  return {
    isSmall: (n) => kernel.isSmall(n),
    memoryPages: (n) => kernel.memoryPages(n),
    start: (...args) => kernel.start(...args),
    help: (...args) => kernel.help(...args),
    attach: (...args) => kernel.attach(...args),
    wordsMax: kernel.wordsMax,
    factorWords: (words) => {
      words.forEach(breakDown);
      const found = kernel.factorWords(words);
      return words.includes(FAULTS.lies) ? { ...found, counts: found.counts.fill(0) } : found;
    },
    factorSmall: (n) => {
      breakDown(n);
      if (n !== FAULTS.lies) return kernel.factorSmall(n);
      return { ...factorization(6n, [{ prime: 6n, exponent: 1, certainty: 'proven' }]), number: n };
    },
  };
}

if (parentPort) {
  const { module, control } = workerData as { module: WebAssembly.Module; control: Int32Array };
  assert(parentPort !== null, 'a worker thread has a parent');
  runWorker(parentPort, control, faulty(createKernel(module)));
}
