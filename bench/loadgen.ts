/**
 * What a request costs the load generator: CPU time of the process, V8's own threads included, against a responder that does next to nothing, in a closed
 * model. Wall-clock rates depend on what else the machine does, and both share it, so the ceiling of a core is told by CPU time.
 *
 * Its threads are new for each load, and V8 compiles their code while the first requests are sent, which cost two to three times as
 * much: those are told apart.
 */
import { runLoad } from '../src/loadgen/run-load.ts';
import type { LoadOptions } from '../src/loadgen/load-options.ts';
import type { LoadResult, LoadTick } from '../src/loadgen/load-result.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { Samples } from './support/samples.ts';
import { startPeerProcess } from './support/peer-process.ts';

const CONNECTIONS = 64;
const TARGET = '≥ 15,000';
const KINDS = [
  { name: 'POST /sync, answered inline', mode: 'sync', requestsIn: ({ answered }: LoadTick) => answered },
  // The responder tells each result when it is first asked for.
  {
    name: 'POST /requests, then GET',
    mode: 'queued',
    requestsIn: ({ answered, done }: LoadTick) => answered + done,
  },
] as const;

interface Size {
  readonly rounds: number;
  /** Requests that V8 is given to compile. */
  readonly warmUp: number;
  /** Those that are measured after them. */
  readonly measured: number;
}

const FULL: Size = { rounds: 5, warmUp: 20_000, measured: 60_000 };
const QUICK: Size = { rounds: 1, warmUp: 5_000, measured: 10_000 };
/** A machine that is so slow that a slice takes longer ends the benchmark. */
const SLICE_MS_MAX = 120_000;

export const loadgen: Benchmark = {
  about: 'requests per CPU second of the load generator itself, against a trivial responder',
  run: runLoadgen,
};

async function runLoadgen({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const size = quick ? QUICK : FULL;
  const { rounds, warmUp, measured } = size;
  await using responder = await startPeerProcess(new URL('./peers/trivial-responder.ts', import.meta.url));
  const slices = new Map<string, Slice[]>();
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    for (const { name, mode, requestsIn } of KINDS) {
      const slice = await measure(optionsFor(responder.url, mode, seed), requestsIn, size);
      slices.set(name, [...(slices.get(name) ?? []), slice]);
    }
  }
  return {
    tables: [
      {
        title: `One sending thread, ${CONNECTIONS} connections, numbers of 18 digits, every answer checked; medians of ${rounds} rounds of ${measured.toLocaleString('en')} requests after ${warmUp.toLocaleString('en')} others`,
        columns: [
          '',
          'requests per CPU second',
          'target',
          'least',
          'most',
          'of the first ones',
          'cores',
          'requests/s',
        ],
        rows: [...slices].map(([name, each]) => costRow(name, each)),
      },
    ],
    notes: [
      'requests: all exchanges, GETs included; requests/s are by the clock, with the responder on the same machine',
    ],
    failures: [...slices.values()].flat().reduce((sum, { faults }) => sum + faults, 0),
  };
}

function optionsFor(url: string, mode: LoadOptions['mode'], seed: number): LoadOptions {
  return {
    urls: [url],
    apiKey: undefined,
    mode,
    pace: { kind: 'closed', connections: CONNECTIONS },
    durationMs: SLICE_MS_MAX,
    rampMs: 0,
    spikes: [],
    callers: 10,
    runId: undefined,
    skew: 'uniform',
    digits: { min: 18, max: 18 },
    seed,
    wait: 'long-poll',
    receiver: undefined,
    secretOf: undefined,
    graceMs: 5_000,
    threads: 1,
    connectionsMax: 2 * CONNECTIONS,
  };
}

/** How far a load is: of all threads of this process; the responder is another one. */
interface Mark {
  readonly requests: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

interface Slice {
  /** From its beginning to the end of the warm-up, and from there on. */
  readonly first: Mark;
  readonly measured: Mark;
  readonly faults: number;
}

/** Ends the load when enough was sent. Throws if it never was. */
async function measure(
  options: LoadOptions,
  requestsIn: (tick: LoadTick) => number,
  { warmUp, measured }: Size,
): Promise<Slice> {
  const ending = new AbortController();
  const marks: Mark[] = [];
  const result = await runLoad(options, {
    signal: ending.signal,
    onTick: (tick) => {
      const { user, system } = process.cpuUsage();
      const requests = requestsIn(tick);
      const due = [0, warmUp, warmUp + measured][marks.length] ?? Infinity;
      if (requests >= due)
        marks.push({ requests, cpuSeconds: (user + system) / 1e6, seconds: tick.elapsedMs / 1_000 });
      if (marks.length === 3) ending.abort();
    },
  });
  const [start, warm, end] = marks;
  if (!start || !warm || !end)
    throw new Error(
      `Within ${SLICE_MS_MAX / 1_000} s fewer than ${warmUp + measured} requests were answered`,
    );
  return { first: between(start, warm), measured: between(warm, end), faults: faultsIn(result) };
}

function between(from: Mark, to: Mark): Mark {
  return {
    requests: to.requests - from.requests,
    cpuSeconds: to.cpuSeconds - from.cpuSeconds,
    seconds: to.seconds - from.seconds,
  };
}

function costRow(name: string, slices: readonly Slice[]): (string | number)[] {
  const perCpuSecond = ({ requests, cpuSeconds }: Mark): number => requests / cpuSeconds;
  const cost = Samples.of(slices.map(({ measured }) => perCpuSecond(measured)));
  return [
    name,
    cost.median(),
    TARGET,
    cost.quantile(0),
    cost.quantile(1),
    Samples.of(slices.map(({ first }) => perCpuSecond(first))).median(),
    Samples.of(slices.map(({ measured: { cpuSeconds, seconds } }) => cpuSeconds / seconds)).median(),
    Samples.of(slices.map(({ measured: { requests, seconds } }) => requests / seconds)).median(),
  ];
}

/** What was under way at the end is none. */
function faultsIn({ lost, wrong, endpoints }: LoadResult): number {
  const failed = endpoints.flatMap((endpoint) => Object.values(endpoint.failed));
  return lost + wrong + failed.reduce((sum, count) => sum + count, 0);
}
