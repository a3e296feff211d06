/**
 * What a user waits for: one number on two threads against one, by the clock on the wall; and the first number after a cold start, from
 * the start of the process to its end.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createKernel, loadKernelModule } from '../src/kernel/load-kernel.ts';
import { PAGE_BYTES } from '../src/kernel/page-bytes.ts';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import type { Benchmark, BenchmarkOptions, Cell, Result } from './support/benchmark.ts';
import { publishedKernel } from './support/published-kernel.ts';
import { Samples } from './support/samples.ts';
import { balancedSemiprime } from './support/seeded-numbers.ts';

const MIB = 2 ** 20;
/** After this the kernel has let its threads go (`team-thread-pool.ts`). */
const THREADS_GONE_MS = 6_000;
const BIN = fileURLToPath(new URL('../bin/fairsieve.js', import.meta.url));
const COLD_STARTS = 15;
const COLD_DIGITS = 20;
const MEMORY_DIGITS = 80;

interface Size {
  readonly digits: number;
  readonly rounds: number;
}

const SIZES: readonly Size[] = [
  { digits: 60, rounds: 7 },
  { digits: 65, rounds: 5 },
  { digits: 70, rounds: 3 },
];
const LARGE_SIZES: readonly Size[] = [75, 80].map((digits) => ({ digits, rounds: 1 }));
const QUICK_SIZES: readonly Size[] = [{ digits: 57, rounds: 3 }];

export const threads: Benchmark = {
  about: 'two threads on one number against one (80 digits with --full); the first number after a cold start',
  run: runThreads,
};

async function runThreads({ quick, full, seed, say }: BenchmarkOptions): Promise<Result> {
  const random = seededRandom(seed);
  say('the package is built');
  await using kernel = await publishedKernel();
  const { factor } = kernel;
  // The tiers of the compilers are reached before anything is timed.
  await factor(balancedSemiprime(55, random));
  const rows: Cell[][] = [];
  for (const { digits, rounds } of quick ? QUICK_SIZES : [...SIZES, ...(full ? LARGE_SIZES : [])]) {
    say(`${digits} digits`);
    const [one, anew, kept] = [new Samples(), new Samples(), new Samples()];
    const [ratiosAnew, ratiosKept] = [new Samples(), new Samples()];
    for (let round = 0; round < rounds; round++) {
      const number = balancedSemiprime(digits, random);
      const alone = await secondsOf(() => factor(number));
      await sleep(THREADS_GONE_MS);
      const withNew = await secondsOf(() => factor(number, { threads: 2 }));
      const withKept = await secondsOf(() => factor(number, { threads: 2 }));
      one.add(alone);
      anew.add(withNew);
      kept.add(withKept);
      ratiosAnew.add(alone / withNew);
      ratiosKept.add(alone / withKept);
    }
    const medians = [one, anew, ratiosAnew, kept, ratiosKept].map((samples) => samples.median());
    rows.push([String(digits), rounds, ...medians, '≥ 1.8']);
  }

  say('cold starts');
  const coldMs = new Samples();
  for (let i = 0; i < COLD_STARTS; i++) coldMs.add(await coldStartMs(balancedSemiprime(COLD_DIGITS, random)));
  const pages = createKernel(await loadKernelModule()).memoryPages(10n ** BigInt(MEMORY_DIGITS) - 1n);
  return {
    tables: [
      {
        title:
          'One balanced semiprime, by the kernel as it is published, seconds by the clock on the wall; medians. Two threads: the second one started for the number, or kept from the one before',
        columns: ['digits', 'numbers', 'one thread', 'two, started', 'ratio', 'two, kept', 'ratio', 'target'],
        rows,
      },
      {
        title: 'A process for one number, and a job',
        columns: ['', 'measured', 'target'],
        rows: [
          [`fairsieve factor, ${COLD_DIGITS} digits, start to end, median ms`, coldMs.median(), '< 150'],
          [`memory of a job of ${MEMORY_DIGITS} digits, MiB`, (pages * PAGE_BYTES) / MIB, '< 150'],
        ],
      },
    ],
    notes: [`numbers from seed ${seed}; products were multiplied back`],
    failures: 0,
  };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

async function coldStartMs(number: bigint): Promise<number> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [BIN, 'factor', String(number)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  assert(code === 0, `fairsieve factor ${number} ended with ${code}`);
  return performance.now() - startMs;
}
