/**
 * Proofs of primality, on one thread: CPU milliseconds for a random prime by size, against PARI's Jacobi-sum test where `gp` is
 * installed. Both get the same primes, batch by batch in turn.
 */
import assert from 'node:assert/strict';
import { createKernel, loadKernelModule } from '../src/kernel/load-kernel.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { nextPrime } from '../src/kernel/bigint-reference.ts';
import { Pari, pariVersion } from './peers/pari.ts';
import type { Benchmark, BenchmarkOptions, Cell, Result } from './support/benchmark.ts';
import { Samples } from './support/samples.ts';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { randomInteger } from './support/seeded-numbers.ts';

interface Size {
  readonly digits: number;
  /** Primes in a batch: enough for PARI's clock, which counts whole milliseconds. */
  readonly perBatch: number;
}

const SIZES: readonly Size[] = [
  { digits: 25, perBatch: 40 },
  { digits: 40, perBatch: 20 },
  { digits: 60, perBatch: 8 },
  { digits: 80, perBatch: 4 },
  { digits: 100, perBatch: 3 },
  { digits: 150, perBatch: 1 },
  { digits: 200, perBatch: 1 },
];
const LARGE_SIZES: readonly Size[] = [250, 300].map((digits) => ({ digits, perBatch: 1 }));
const BATCHES = 5;
const WARM_UP_DIGITS = [30, 60] as const;

export const proof: Benchmark = {
  about:
    'proofs of primality of 25 to 200 digits (300 with --full), on one thread, against PARI where it is installed',
  run: runProof,
};

async function runProof({ quick, full, seed, say }: BenchmarkOptions): Promise<Result> {
  const engine = createKernel(await loadKernelModule());
  await using stack = new AsyncDisposableStack();
  const version = pariVersion();
  const pari = version === undefined ? undefined : stack.use(new Pari());
  const random = seededRandom(seed);
  const randomPrime = (digits: number): bigint => nextPrime(randomInteger(digits, random));

  for (const digits of WARM_UP_DIGITS) for (let i = 0; i < 20; i++) proveMs(engine, [randomPrime(digits)]);
  const rows: Cell[][] = [];
  const sizes = quick ? SIZES.filter(({ digits }) => digits <= 80) : [...SIZES, ...(full ? LARGE_SIZES : [])];
  for (const { digits, perBatch } of sizes) {
    say(`${digits} digits`);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let batch = 0; batch < (quick ? 2 : BATCHES); batch++) {
      const primes = Array.from({ length: perBatch }, () => randomPrime(digits));
      ours.push(proveMs(engine, primes) / perBatch);
      if (pari) theirs.push((await pari.proveAll(primes)) / perBatch);
    }
    const ratios = theirs.map((ms, i) => ms / (ours[i] ?? Number.NaN));
    const peer = pari ? [Samples.of(theirs).median(), Samples.of(ratios).median()] : [];
    rows.push([String(digits), ours.length * perBatch, Samples.of(ours).median(), ...peer]);
  }
  return {
    tables: [
      {
        title:
          'Random primes: median CPU milliseconds for the proof of one, and how many times faster than PARI (median of ratios)',
        columns: ['digits', 'primes', 'fairsieve', ...(pari ? [`PARI ${version}`, '× PARI'] : [])],
        rows,
      },
    ],
    notes: [
      ...(pari ? [] : ['gp (Debian package pari-gp) is not installed']),
      'fairsieve: all that a prime costs, trial division and the Baillie–PSW test included; up to 24 digits no Jacobi sums are needed',
    ],
    failures: 0,
  };
}

/** CPU milliseconds that all of them take, to the proof. */
function proveMs(engine: Kernel, primes: readonly bigint[]): number {
  const pages = Math.max(...primes.map((n) => engine.memoryPages(n)));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const before = process.threadCpuUsage();
  const results = primes.map((n) => {
    const job = engine.start(n, memory, []);
    job.step(() => false);
    return job.factorization();
  });
  const { user, system } = process.threadCpuUsage(before);
  for (const { number, factors } of results)
    assert(factors[0]?.certainty === 'proven' && factors[0].prime === number, `${number} was not proven`);
  return (user + system) / 1000;
}
