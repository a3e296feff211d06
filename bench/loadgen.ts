/**
 * What a request costs the load generator: CPU time of the process, V8's own threads included, against a responder that does next to nothing, in a closed
 * model. Wall-clock rates depend on what else the machine does, and both share it, so the ceiling of a core is told by CPU time.
 */
import { runLoad } from '../src/loadgen/run-load.ts';
import type { LoadOptions } from '../src/loadgen/load-options.ts';
import type { LoadResult } from '../src/loadgen/load-result.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { Samples } from './support/samples.ts';
import { startPeerProcess } from './support/peer-process.ts';

const CONNECTIONS = 64;
const TARGET = '≥ 15,000';
const KINDS = [
  { name: 'POST /sync, answered inline', mode: 'sync' },
  { name: 'POST /requests, then GET', mode: 'queued' },
] as const;

interface Size {
  readonly rounds: number;
  readonly sliceMs: number;
}

const FULL: Size = { rounds: 5, sliceMs: 5_000 };
const QUICK: Size = { rounds: 1, sliceMs: 2_000 };

export const loadgen: Benchmark = {
  about: 'requests per CPU second of the load generator itself, against a trivial responder',
  run: runLoadgen,
};

async function runLoadgen({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const { rounds, sliceMs } = quick ? QUICK : FULL;
  await using responder = await startPeerProcess(new URL('./peers/trivial-responder.ts', import.meta.url));
  const results = new Map<string, Measured[]>();
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    for (const { name, mode } of KINDS) {
      const measured = await measure(optionsFor(responder.url, mode, sliceMs, seed));
      results.set(name, [...(results.get(name) ?? []), measured]);
    }
  }
  return {
    tables: [
      {
        title: `One sending thread, ${CONNECTIONS} connections, numbers of 18 digits, every answer checked; medians of ${rounds} rounds of ${sliceMs / 1000} s`,
        columns: ['', 'requests per CPU second', 'target', 'least', 'most', 'cores', 'requests/s'],
        rows: [...results].map(([name, each]) => costRow(name, each)),
      },
    ],
    notes: [
      'requests: all exchanges, GETs included; requests/s are by the clock, with the responder on the same machine',
    ],
    failures: [...results.values()].flat().reduce((sum, { result }) => sum + faultsIn(result), 0),
  };
}

function optionsFor(url: string, mode: LoadOptions['mode'], durationMs: number, seed: number): LoadOptions {
  return {
    urls: [url],
    apiKey: undefined,
    mode,
    pace: { kind: 'closed', connections: CONNECTIONS },
    durationMs,
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

interface Measured {
  readonly result: LoadResult;
  /** Of all threads of this process, from the first request to the last answer; the responder is another one. */
  readonly cpuSeconds: number;
}

async function measure(options: LoadOptions): Promise<Measured> {
  let first: NodeJS.CpuUsage | undefined;
  let spent = { user: 0, system: 0 };
  const result = await runLoad(options, {
    signal: new AbortController().signal,
    onTick: () => {
      // The first tick is the beginning: what making the numbers took is left out.
      first ??= process.cpuUsage();
      spent = process.cpuUsage(first);
    },
  });
  return { result, cpuSeconds: (spent.user + spent.system) / 1e6 };
}

function costRow(name: string, measured: readonly Measured[]): (string | number)[] {
  const requests = (result: LoadResult): number => result.endpoints.reduce((sum, { sent }) => sum + sent, 0);
  const perSecond = (result: LoadResult): number => requests(result) / (result.elapsedMs / 1000);
  const cost = Samples.of(measured.map(({ result, cpuSeconds }) => requests(result) / cpuSeconds));
  return [
    name,
    cost.median(),
    TARGET,
    cost.quantile(0),
    cost.quantile(1),
    Samples.of(measured.map(({ result, cpuSeconds }) => (cpuSeconds * 1000) / result.elapsedMs)).median(),
    Samples.of(measured.map(({ result }) => perSecond(result))).median(),
  ];
}

function faultsIn({ planned, done, wrong, endpoints }: LoadResult): number {
  const failed = endpoints.flatMap((endpoint) => Object.values(endpoint.failed));
  return planned - done + wrong + failed.reduce((sum, count) => sum + count, 0);
}
