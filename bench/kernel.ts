/**
 * The kernel alone, on one thread: CPU seconds per number by size, against the JavaScript and the native peer where they are
 * installed. All of them get the same numbers, batch by batch in turn.
 */
import assert from 'node:assert/strict';
import type { Factorization } from '../src/domain/factorization.ts';
import { primeFactors } from '../src/domain/factorization.ts';
import { createKernel, loadKernelModule } from '../src/kernel/load-kernel.ts';
import { WORD_END } from '../src/kernel/word-end.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { checkWordFactors, factorsOfWords } from '../src/kernel/word-factors.ts';
import { Pari, pariVersion } from './peers/pari.ts';
import { loadQuadraticSieve, type FindFactor } from './peers/quadratic-sieve.ts';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import type { Benchmark, BenchmarkOptions, Cell, Result } from './support/benchmark.ts';
import { Samples } from './support/samples.ts';
import { balancedSemiprime, randomInteger } from './support/seeded-numbers.ts';

interface Size {
  readonly digits: number;
  /** Numbers in a batch: enough for a batch to take tens of milliseconds. */
  readonly perBatch: number;
  readonly batches: number;
}

const SIZES: readonly Size[] = [
  { digits: 18, perBatch: 200, batches: 9 },
  { digits: 20, perBatch: 200, batches: 9 },
  { digits: 25, perBatch: 50, batches: 9 },
  { digits: 30, perBatch: 20, batches: 9 },
  { digits: 35, perBatch: 10, batches: 9 },
  { digits: 40, perBatch: 5, batches: 9 },
  { digits: 45, perBatch: 2, batches: 9 },
  { digits: 50, perBatch: 1, batches: 9 },
  { digits: 55, perBatch: 1, batches: 7 },
  { digits: 60, perBatch: 1, batches: 5 },
];
/** Minutes for a number, with the peers hours. */
const LARGE_SIZES: readonly Size[] = [
  { digits: 65, perBatch: 1, batches: 3 },
  { digits: 70, perBatch: 1, batches: 3 },
  { digits: 75, perBatch: 1, batches: 2 },
  { digits: 80, perBatch: 1, batches: 1 },
  { digits: 85, perBatch: 1, batches: 1 },
  { digits: 90, perBatch: 1, batches: 1 },
];
const QUICK_SIZES = SIZES.filter(({ digits }) => digits <= 45).map((size) => ({ ...size, batches: 3 }));

/** Random integers: how many in one batch, and what is to be reached per second. */
const RANDOM = [
  { digits: 18, perBatch: 20_000, target: 90_000 },
  { digits: 30, perBatch: 200, target: 2_000 },
  { digits: 40, perBatch: 40, target: 200 },
] as const;
const RANDOM_BATCHES = 9;
/** Up to here the Baillie–PSW test is a proof. */
const WORD_MAX = 2n ** 64n - 1n;
/** The tiers of the compilers are reached before anything is timed. */
const WARM_UP_DIGITS = [18, 20, 25, 30, 40] as const;
const WARM_UP_NUMBERS = 30;

export const kernel: Benchmark = {
  about:
    'semiprimes of 18 to 60 digits (45 with --quick, 90 with --full) and random integers, on one thread, against the peers installed',
  run: runKernel,
};

/** Something that factors numbers; resolves to the CPU milliseconds that all of `numbers` took. */
interface Contestant {
  readonly name: string;
  readonly factorAll: (numbers: readonly bigint[]) => Promise<number>;
  /** Whether it takes any number, or semiprimes only. */
  readonly takesAll: boolean;
}

function sizesFor({ quick, full, digits }: BenchmarkOptions): readonly Size[] {
  if (quick) return QUICK_SIZES;
  return [...SIZES, ...LARGE_SIZES].filter((size) =>
    digits ? digits.from <= size.digits && size.digits <= digits.to : full || SIZES.includes(size),
  );
}

async function runKernel(options: BenchmarkOptions): Promise<Result> {
  const { quick, seed, say, digits: wanted } = options;
  const notes: string[] = [];
  await using stack = new AsyncDisposableStack();
  const engine = createKernel(await loadKernelModule());
  const contestants: Contestant[] = [ourContestant(engine)];
  const findFactor = await loadQuadraticSieve();
  if (findFactor) contestants.push(sieveContestant(findFactor));
  else notes.push('quadraticsievefactorization is not installed');
  const version = pariVersion();
  if (version === undefined) notes.push('gp (Debian package pari-gp) is not installed');
  else contestants.push(pariContestant(stack.use(new Pari()), version));

  const random = seededRandom(seed);
  say('warming up');
  for (const digits of WARM_UP_DIGITS) {
    const numbers = Array.from({ length: WARM_UP_NUMBERS }, () => balancedSemiprime(digits, random));
    for (const { factorAll } of contestants) await factorAll(numbers);
  }

  const sizes = sizesFor(options);
  const semiprimeRows: Cell[][] = [];
  for (const { digits, perBatch, batches } of sizes) {
    say(`semiprimes of ${digits} digits`);
    const seconds = await race(contestants, batches, perBatch, () => balancedSemiprime(digits, random));
    semiprimeRows.push([String(digits), batches * perBatch, ...versus(seconds)]);
  }
  const everyNumber = contestants.filter(({ takesAll }) => takesAll);
  const randomRows: Cell[][] = [];
  for (const { digits, perBatch, target } of RANDOM) {
    if (wanted && (digits < wanted.from || wanted.to < digits)) continue;
    say(`random integers of ${digits} digits`);
    const seconds = await race(everyNumber, quick ? 3 : RANDOM_BATCHES, perBatch, () =>
      randomInteger(digits, random),
    );
    const [ours = Number.NaN, ...peers] = seconds.map((values) => 1 / Samples.of(values).median());
    const numbers = Array.from({ length: (quick ? 2 : 5) * perBatch }, () => randomInteger(digits, random));
    const unproven = ours / (1 - shareOfProofs(engine, numbers));
    randomRows.push([
      String(digits),
      ours,
      `≥ ${target.toLocaleString('en')}`,
      ours >= target ? 'met' : 'missed',
      unproven,
      ...peers,
    ]);
  }

  const names = contestants.map(({ name }) => name);
  const ratios = names.slice(1).map((name) => `× ${name}`);
  return {
    tables: [
      {
        title: `Balanced semiprimes of ${sizes[0]?.digits} to ${sizes.at(-1)?.digits} digits: median seconds for one number, and how many times faster than a peer (median of ratios)`,
        columns: ['digits', 'numbers', ...names, ...ratios],
        rows: semiprimeRows,
      },
      {
        title: 'Random integers factored per second',
        columns: [
          'digits',
          'fairsieve',
          'target',
          '',
          'fairsieve without proofs',
          ...everyNumber.slice(1).map(({ name }) => name),
        ],
        rows: randomRows,
      },
    ],
    notes: [
      ...notes,
      'fairsieve proves every prime, the peers count probable ones; the rate without proofs is reckoned from the time that the primes above 2^64 take alone',
      `numbers from seed ${seed}; every product of ours was multiplied back`,
    ],
    failures: 0,
  };
}

/** For each contestant, the seconds for one number in each batch. */
async function race(
  contestants: readonly Contestant[],
  batches: number,
  perBatch: number,
  next: () => bigint,
): Promise<number[][]> {
  const seconds = contestants.map((): number[] => []);
  for (let batch = 0; batch < batches; batch++) {
    const numbers = Array.from({ length: perBatch }, next);
    for (const [i, { factorAll }] of contestants.entries()) {
      seconds[i]?.push((await factorAll(numbers)) / 1000 / perBatch);
    }
  }
  return seconds;
}

/** Median seconds of each, then the median of the ratio of each peer to the first. */
function versus(seconds: readonly (readonly number[])[]): number[] {
  const [ours = [], ...peers] = seconds;
  const ratios = peers.map((peer) => peer.map((value, i) => value / (ours[i] ?? Number.NaN)));
  return [...seconds, ...ratios].map((values) => Samples.of(values).median());
}

function ourContestant(engine: Kernel): Contestant {
  return {
    name: 'fairsieve',
    takesAll: true,
    factorAll(numbers) {
      const start = process.threadCpuUsage();
      const results = factorAllWith(engine, numbers);
      const tookMs = cpuMsSince(start);
      for (const result of results) assertFactored(result);
      return Promise.resolve(tookMs);
    },
  };
}

/** Words go to the kernel together, as the engine gives them to it; all others one by one. */
function factorAllWith(engine: Kernel, numbers: readonly bigint[]): Factorization[] {
  if (numbers.some((n) => n >= WORD_END)) return numbers.map((n) => factorWith(engine, n));
  const results: Factorization[] = [];
  for (let begin = 0; begin < numbers.length; begin += engine.wordsMax) {
    const words = numbers.slice(begin, begin + engine.wordsMax);
    const found = engine.factorWords(words);
    checkWordFactors(words, found);
    for (const [i, factors] of factorsOfWords(found).entries())
      results.push({ number: words[i] ?? 0n, factors, complete: true });
  }
  return results;
}

/** What of the time for all of the numbers goes into their prime factors above 2^64, as numbers of their own. */
function shareOfProofs(engine: Kernel, numbers: readonly bigint[]): number {
  const start = process.threadCpuUsage();
  const primes = numbers.flatMap((n) => primeFactors(factorWith(engine, n))).filter((p) => p > WORD_MAX);
  const allMs = cpuMsSince(start);
  const startOfPrimes = process.threadCpuUsage();
  for (const prime of primes) factorWith(engine, prime);
  return cpuMsSince(startOfPrimes) / allMs;
}

/** To the end in one go, with a new memory for a job, as the first one on a thread gets it. */
function factorWith(engine: Kernel, n: bigint): Factorization {
  if (engine.isSmall(n)) return engine.factorSmall(n);
  const pages = engine.memoryPages(n);
  const job = engine.start(n, new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), []);
  const outcome = job.step(() => false);
  assert(outcome === 'finished', `The kernel stopped before ${n} was factored`);
  return job.factorization();
}

/** Of this thread alone: other programs on the machine cost a contestant nothing. Counted in steps of some milliseconds. */
function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}

function sieveContestant(findFactor: FindFactor): Contestant {
  return {
    name: 'quadraticsievefactorization',
    takesAll: false,
    factorAll(numbers) {
      const start = process.threadCpuUsage();
      const factors = numbers.map((n) => findFactor(n));
      const tookMs = cpuMsSince(start);
      for (const [i, n] of numbers.entries()) assertDivides(factors[i] ?? 0n, n);
      return Promise.resolve(tookMs);
    },
  };
}

function pariContestant(pari: Pari, version: string): Contestant {
  return { name: `PARI ${version}`, takesAll: true, factorAll: (numbers) => pari.factorAll(numbers) };
}

function assertDivides(found: bigint, n: bigint): void {
  assert(found > 1n && found < n && n % found === 0n, `The peer says that ${found} divides ${n}`);
}

function assertFactored(result: Factorization): void {
  const product = primeFactors(result).reduce((value, prime) => value * prime, 1n);
  assert(result.complete && product === result.number, `The factors of ${result.number} are wrong`);
}
