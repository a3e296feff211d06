/**
 * A worker for tests: the real loop around a kernel that breaks in the middle of the sieve of a long number, in a way that the
 * number's small factor names. What was begun from a log, after a break, goes on to the end, save where it breaks always.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { runWorker } from '../engine/run-worker.ts';
import type { Job, JobState, Kernel } from '../kernel/kernel.ts';
import { createKernel } from '../kernel/load-kernel.ts';

/** A factor of the number, and how the thread that sieves it breaks. */
export const SLICE_FAULTS = { throws: 1009n, hangs: 1013n, exhausts: 1019n, 'always throws': 1021n } as const;

type Fault = keyof typeof SLICE_FAULTS;

/** Of the whole job: by then much has been found, and a good part of it is in the log. */
const BREAK_AT = 0.6;

const BREAK_DOWN: Readonly<Record<Fault, () => never>> = {
  throws: fail,
  'always throws': fail,
  hangs: () => {
    for (;;);
  },
  exhausts: () => {
    for (const hoard: number[][] = []; ;) hoard.push(Array.from({ length: 100_000 }, Math.random));
  },
};

function fail(): never {
  throw new Error('the kernel threw');
}

interface FaultyState extends JobState {
  readonly isFromLog: boolean;
}

function faultOf(n: bigint): Fault | undefined {
  return (Object.keys(SLICE_FAULTS) as Fault[]).find((fault) => n % SLICE_FAULTS[fault] === 0n);
}

function faultyJob(job: Job, n: bigint, isFromLog: boolean): Job {
  const fault = faultOf(n);
  const breaks = fault !== undefined && (!isFromLog || fault === 'always throws');
  return {
    step: (shouldYield) => {
      const outcome = job.step(shouldYield);
      const { stage, fraction } = job.progress();
      if (breaks && stage === 'siqs' && fraction >= BREAK_AT) BREAK_DOWN[fault]();
      return outcome;
    },
    state: (): FaultyState => ({ ...job.state(), isFromLog }),
    takeChunks: () => job.takeChunks(),
    progress: () => job.progress(),
    factorization: () => job.factorization(),
    helpWanted: () => job.helpWanted(),
    pagesWanted: () => job.pagesWanted(),
    learn: (chunks) => job.learn(chunks),
  };
}

function faulty(kernel: Kernel): Kernel {
  return {
    isSmall: (n) => kernel.isSmall(n),
    memoryPages: (n) => kernel.memoryPages(n),
    factorSmall: (n) => kernel.factorSmall(n),
    wordsMax: kernel.wordsMax,
    factorWords: (words) => kernel.factorWords(words),
    start: (n, memory, chunks) => faultyJob(kernel.start(n, memory, chunks), n, chunks.length > 0),
    help: (...args) => kernel.help(...args),
    attach: (state, memory) =>
      faultyJob(kernel.attach(state, memory), state.number, (state as FaultyState).isFromLog),
  };
}

if (parentPort) {
  const { module, control } = workerData as { module: WebAssembly.Module; control: Int32Array };
  runWorker(parentPort, control, faulty(createKernel(module)));
}
