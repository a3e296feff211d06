/**
 * Accepted per second, results per second and the latency of `POST /requests` at full load, ours and the peers in turn.
 *
 * One contestant at a time has load, in slices of a few seconds, and what it accepted is finished before the next one's
 * slice begins. Ratios are taken within a round, against whichever peer was better in that round; the median of the rounds is told.
 */
import type { BenchmarkOptions, Cell, Result, Table } from '../support/benchmark.ts';
import { runClosedLoop } from '../support/closed-loop.ts';
import { finishedWithin, type Contestant } from '../support/contestant.ts';
import { Samples } from '../support/samples.ts';
import { distinctWords } from '../support/seeded-numbers.ts';
import { countWrong } from '../support/service.ts';
import { postRequest, requestIdIn } from '../support/wire.ts';

const CONNECTIONS = 64;
/** In turn; without several a queue for each makes no difference. */
const CALLERS = 10;
/** How long results still missing after a slice are waited for; what is still missing then is no result of the slice. */
const FINISH_MS_MAX = 60_000;
/** Answers of each contestant that are multiplied back. */
const CHECKED = 300;

interface Slice {
  readonly acceptedPerSecond: number;
  readonly resultsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the end of the load to the last result, in seconds. */
  readonly finishSeconds: number;
  readonly failed: number;
  readonly unfinished: number;
}

interface Entry {
  readonly contestant: Contestant;
  readonly slices: Slice[];
  readonly ids: string[];
}

/** Ours comes first among the contestants. */
export async function throughput(
  contestants: readonly Contestant[],
  { quick, seed, say }: BenchmarkOptions,
): Promise<Result> {
  const rounds = quick ? 1 : 5;
  const sliceMs = quick ? 1_000 : 4_000;
  // V8 compiles until some 30,000 POSTs have been.
  const warmUpMs = quick ? 500 : 8_000;
  const word = distinctWords(seed);
  let posted = 0;
  const next = (): string => postRequest(`caller_${posted++ % CALLERS}`, `{"number":"${word()}"}`);

  const entries = contestants.map((contestant): Entry => ({ contestant, slices: [], ids: [] }));
  for (const { contestant } of entries) await runSlice(contestant, warmUpMs, next, []);
  for (let round = 1; round <= rounds; round++) {
    say(`full load, round ${round} of ${rounds}`);
    // Each has every place in turn: what comes first may find a machine that has rested.
    const first = round % entries.length;
    for (const { contestant, slices, ids } of [...entries.slice(first), ...entries.slice(0, first)])
      slices.push(await runSlice(contestant, sliceMs, next, ids));
  }
  const wrong = await Promise.all(
    entries.map(({ contestant, ids }) => {
      const step = Math.ceil(ids.length / CHECKED);
      return countWrong(
        contestant.url,
        ids.filter((_, i) => i % step === 0),
      );
    }),
  );
  // What fails a peer is told in its row, and is no failure of ours.
  const missing = (entries[0]?.slices ?? []).flatMap(({ failed, unfinished }) => [failed, unfinished]);
  return {
    tables: [
      measuredTable(
        entries,
        wrong,
        `Numbers of 18 digits, ${CONNECTIONS} connections, ${CALLERS} callers; medians of ${rounds} interleaved rounds of ${sliceMs / 1_000} s`,
      ),
      ratioTable(entries),
    ],
    notes: [
      `of each contestant up to ${CHECKED} answers were multiplied back`,
      'results/s count from the first POST of a slice to the last result of what it accepted',
    ],
    failures: sum([...missing, wrong[0] ?? 0]),
  };
}

/** Load for so long, and then until everything is finished. Ids of what was accepted are added to `ids`. */
async function runSlice(
  contestant: Contestant,
  durationMs: number,
  next: () => string,
  ids: string[],
): Promise<Slice> {
  const { succeeded, failed, perSecond, latencyMs } = await runClosedLoop({
    url: contestant.url,
    connections: CONNECTIONS,
    durationMs,
    next,
    onSuccess: (body) => void ids.push(requestIdIn(body)),
  });
  const endMs = performance.now();
  const finished = await finishedWithin(contestant, FINISH_MS_MAX);
  const finishSeconds = (performance.now() - endMs) / 1_000;
  const unfinished = finished ? 0 : await contestant.waiting();
  return {
    acceptedPerSecond: perSecond,
    resultsPerSecond: (succeeded - unfinished) / (succeeded / perSecond + finishSeconds),
    p50Ms: latencyMs.quantile(0.5),
    p99Ms: latencyMs.quantile(0.99),
    finishSeconds,
    failed,
    unfinished,
  };
}

function measuredTable(entries: readonly Entry[], wrong: readonly number[], title: string): Table {
  return {
    title,
    columns: [
      '',
      'accepted/s',
      'p50 ms of POST',
      'p99 ms',
      'results/s',
      'last result, s after the last 202',
      'failed',
      'unfinished',
      'wrong',
    ],
    rows: entries.map(({ contestant, slices }, i): Cell[] => [
      contestant.name,
      median(slices.map((slice) => slice.acceptedPerSecond)),
      median(slices.map((slice) => slice.p50Ms)),
      median(slices.map((slice) => slice.p99Ms)),
      median(slices.map((slice) => slice.resultsPerSecond)),
      median(slices.map((slice) => slice.finishSeconds)),
      sum(slices.map((slice) => slice.failed)),
      sum(slices.map((slice) => slice.unfinished)),
      wrong[i] ?? null,
    ]),
  };
}

function ratioTable([ours, ...peers]: readonly Entry[]): Table {
  /** Ours to the best peer's, round by round. */
  const ratios = (read: (slice: Slice) => number, best: (...values: number[]) => number): Samples =>
    Samples.of(
      (ours?.slices ?? []).map(
        (slice, round) =>
          read(slice) / best(...peers.flatMap(({ slices }) => slices.slice(round, round + 1).map(read))),
      ),
    );
  const row = (what: string, of: Samples, target: string): Cell[] => [
    what,
    of.median(),
    target,
    of.quantile(0),
    of.quantile(1),
  ];
  return {
    title: 'fairsieve to the best peer, within rounds',
    columns: ['', 'median', 'target', 'least', 'most'],
    rows: [
      row(
        'accepted/s',
        ratios((slice) => slice.acceptedPerSecond, Math.max),
        '≥ 2',
      ),
      row(
        'results/s',
        ratios((slice) => slice.resultsPerSecond, Math.max),
        '≥ 3',
      ),
      row(
        'p99 of POST',
        ratios((slice) => slice.p99Ms, Math.min),
        '',
      ),
    ],
  };
}

function median(values: readonly number[]): number {
  return Samples.of(values).median();
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
