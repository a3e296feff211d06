/**
 * The highest rate of `POST /values`, in numbers per second: bodies of 1,000 distinct numbers over a few connections, each answered
 * once all are factored and on disk.
 */
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { Server } from '../test/support/server.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { runClosedLoop, type ClosedLoopReport } from './support/closed-loop.ts';
import { measureFsync } from './support/fsync-cost.ts';
import { Samples } from './support/samples.ts';
import { distinctWords, manySemiprimes } from './support/seeded-numbers.ts';
import { postValues, valuesIn } from './support/wire.ts';

const CONNECTIONS = 4;
const BATCH = 1_000;
const DIGITS = 18;
/** Of so many answers one is read and multiplied back. */
const CHECK_EVERY = 50;
const TARGET = '≥ 30,000';

interface Size {
  readonly rounds: number;
  readonly sliceMs: number;
  readonly warmUpMs: number;
}

const FULL: Size = { rounds: 5, sliceMs: 4_000, warmUpMs: 3_000 };
const QUICK: Size = { rounds: 2, sliceMs: 1_500, warmUpMs: 1_000 };

export const valuesBenchmark: Benchmark = {
  about: 'POST /values with 1,000 numbers of 18 digits: factored and on disk before the 200',
  run: runValues,
};

async function runValues({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const { rounds, sliceMs, warmUpMs } = quick ? QUICK : FULL;
  const fsyncMs = measureFsync();
  await using server = await Server.start({ env: { FAIRSIEVE_LOG_LEVEL: 'error' } });
  const semiprimes = manySemiprimes(2_000_000, DIGITS, seededRandom(seed));
  const kinds: readonly (readonly [string, () => string])[] = [
    ['random integers', distinctWords(seed)],
    ['semiprimes of two primes of 9 digits', () => semiprimes.next().value ?? '1'],
  ];
  let wrong = 0;
  let answers = 0;
  let unfinished = 0;
  const measure = (next: () => string, durationMs: number): Promise<ClosedLoopReport> =>
    runClosedLoop({
      url: server.url,
      connections: CONNECTIONS,
      durationMs,
      next: () => postValues(Array.from({ length: BATCH }, next)),
      onSuccess: (body) => {
        // Accepted, and not done within the wait: it goes on, and counts for what it is worth.
        if (body[0] === OBJECT) unfinished++;
        else if (answers++ % CHECK_EVERY === 0 && !isRight(body)) wrong++;
      },
    });
  const reports = new Map<string, ClosedLoopReport[]>();
  for (const [name, next] of kinds) await measure(next, warmUpMs).then(() => reports.set(name, []));
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    for (const [name, next] of kinds) reports.get(name)?.push(await measure(next, sliceMs));
  }
  const all = [...reports.values()].flat();
  return {
    tables: [
      {
        title: `Numbers per second, ${CONNECTIONS} connections, ${BATCH.toLocaleString('en')} numbers of ${DIGITS} digits each time; medians of ${rounds} rounds of ${sliceMs / 1_000} s`,
        columns: ['', 'numbers/s', 'target', 'least', 'most', 'p50 ms of a call', 'p99 ms'],
        rows: [...reports].map(([name, each]) => rateRow(name, each)),
      },
    ],
    notes: [
      `before the run, fdatasync took ${fsyncMs.quantile(0.5).toPrecision(2)} ms (p50), ${fsyncMs.quantile(0.99).toPrecision(2)} ms (p99)`,
      `of ${answers} answers one in ${CHECK_EVERY} was multiplied back; ${wrong} were wrong; ${unfinished} more were answered with 202, and are counted too`,
    ],
    failures: wrong + all.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** How a 202 begins, where a 200 is an array. */
const OBJECT = '{'.charCodeAt(0);

function rateRow(name: string, reports: readonly ClosedLoopReport[]): (string | number)[] {
  const rates = Samples.of(reports.map(({ perSecond }) => perSecond * BATCH));
  const latency = (q: number): number =>
    Samples.of(reports.map(({ latencyMs }) => latencyMs.quantile(q))).median();
  return [name, rates.median(), TARGET, rates.quantile(0), rates.quantile(1), latency(0.5), latency(0.99)];
}

function isRight(body: Buffer): boolean {
  const all = valuesIn(body);
  return (
    all.length === BATCH &&
    all.every(
      ({ value, prime_factors: primes }) =>
        primes.reduce((product, prime) => product * BigInt(prime), 1n) === BigInt(value),
    )
  );
}
