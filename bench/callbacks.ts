/**
 * What callers of the two doors that end by themselves get: how soon after a job is done its callback is there, also beside another
 * caller whose endpoints hang; how fast `POST /sync` answers; and what becomes of a storm on both.
 *
 * Open model throughout: Poisson arrivals, times from the planned moment. Each part has a server and a receiver of its own. A callback
 * carries when its job was done, and the receiver, a thread of the generator's process, reads the same clock, in whole milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import type { Benchmark, BenchmarkOptions, Cell, Result, Table } from './support/benchmark.ts';
import { type CallbackAccount, CallbackStage, faultsIn, Phase } from './support/callback-stage.ts';
import { runOpenLoop, type Arrival, type OpenLoopReport } from './support/open-loop.ts';
import type { Samples } from './support/samples.ts';
import { distinctWords } from './support/seeded-numbers.ts';
import { countWrong, drained } from './support/service.ts';

const PER_SECOND = 1_000;
/** The callbacks of the load go to so many callers, in turn. */
const CALLERS = callerIds(10);
const HOG = 'hog';
const STORM_PER_SECOND = 4_000;
const STORM_CALLERS = callerIds(50);
/** Of the answers of `/sync` that came later, so many are looked at. */
const CHECKED = 500;
/** Each inline wait holds one; what is beyond waits its turn, and is charged for it. */
const CONNECTIONS = 4_096;
const WARM_UP_MS = 2_000;
/** Nothing happens for so long before memory is read for the first time. */
const SETTLE_MS = 5_000;
const MIB = 2 ** 20;

interface Size {
  readonly loadMs: number;
  readonly owed: number;
  readonly hangingHosts: number;
  /** Long enough, in the full size, for more requests than the server keeps of ended ones. */
  readonly stormWarmUpMs: number;
  readonly stormMs: number;
  /** From the last callback of the storm to the reading of memory. */
  readonly restMs: number;
}

const FULL: Size = {
  loadMs: 30_000,
  owed: 10_000,
  hangingHosts: 100,
  stormWarmUpMs: 6_000,
  stormMs: 10_000,
  restMs: 60_000,
};
const QUICK: Size = {
  loadMs: 3_000,
  owed: 1_000,
  hangingHosts: 100,
  stormWarmUpMs: 1_000,
  stormMs: 1_000,
  restMs: 3_000,
};

export const callbacks: Benchmark = {
  about: 'job done → callback received, also beside endpoints that hang; POST /sync; a storm on both',
  run: runCallbacks,
};

async function runCallbacks(options: BenchmarkOptions): Promise<Result> {
  const size = options.quick ? QUICK : FULL;
  const owed = size.owed.toLocaleString('en');
  const delays: Delays[] = [];
  for (const [what, hangingHosts, target] of [
    ['alone', 0, '< 100'],
    [`beside ${owed} owed to ${size.hangingHosts} hosts that hang`, size.hangingHosts, '< 200'],
    [`beside ${owed} owed to one host that hangs`, 1, '< 200'],
  ] as const) {
    options.say(`callbacks ${what}`);
    delays.push(await measureDelays({ what, hangingHosts, target }, size, options));
  }
  options.say('POST /sync');
  const sync = await measureSync(size, options);
  options.say('storm');
  const storm = await measureStorm(size, options);
  return {
    tables: [delayTable(delays, size), arrivalTable([...delays, storm]), sync.table, ...storm.tables],
    notes: [
      'signatures were verified with the library of Standard Webhooks, factors multiplied back; a wrong one is a failure',
      'twice: nothing failed, so none may come again; gaps: numbers missing in the sequences of the callers; overtaken: came after a later one of its caller, which may be',
      ...delays.flatMap(({ notes }) => notes),
      ...sync.notes,
      ...storm.notes,
    ],
    failures: [...delays, sync, storm].reduce((sum, { failures }) => sum + failures, 0),
  };
}

interface Delays {
  readonly what: string;
  readonly target: string;
  readonly account: CallbackAccount;
  readonly notes: readonly string[];
  readonly failures: number;
}

async function measureDelays(
  { what, hangingHosts, target }: { what: string; hangingHosts: number; target: string },
  { loadMs, owed }: Size,
  { seed }: BenchmarkOptions,
): Promise<Delays> {
  await using stage = await CallbackStage.start({ hangingHosts, callerIds: CALLERS });
  const word = distinctWords(seed);
  if (hangingHosts > 0) await stage.owe(HOG, stage.hanging.urls, Math.ceil(owed / hangingHosts), word);
  const load = steadyLoad(stage, 'async', word, seed);
  const [warmUp, phase] = [new Phase(), new Phase()];
  await load(warmUp, WARM_UP_MS);
  const { lagMs } = await load(phase, loadMs);
  await stage.settled();
  const account = await stage.account(phase);
  const { hung } = stage.hanging;
  return {
    what,
    target,
    account,
    notes: [
      `${what}: POST /async was answered in ${text(phase.latencyMs.async, 0.5)} ms (p50), ${text(phase.latencyMs.async, 0.99)} ms (p99); the generator was late by ${text(lagMs, 0.99)} ms (p99)` +
        (hangingHosts > 0 ? `; ${hung.toLocaleString('en')} attempts hung` : ''),
      ...(await stage.fate(account.lost)),
    ],
    failures: warmUp.failed + phase.failed + faultsIn(account),
  };
}

/** Requests of all callers in turn, at the same rate in each phase. */
function steadyLoad(
  stage: CallbackStage,
  door: 'async' | 'sync',
  word: () => string,
  seed: number,
): (phase: Phase, durationMs: number) => Promise<OpenLoopReport> {
  let sent = 0;
  return (phase, durationMs) =>
    runOpenLoop({
      url: stage.server.url,
      connections: CONNECTIONS,
      perSecond: PER_SECOND,
      durationMs,
      arrivals: 'poisson',
      seed,
      next: () => stage[door](CALLERS[sent++ % CALLERS.length]!, word(), phase),
    });
}

interface Part {
  readonly notes: readonly string[];
  readonly failures: number;
}

async function measureSync(
  { loadMs }: Size,
  { seed }: BenchmarkOptions,
): Promise<Part & { readonly table: Table }> {
  await using stage = await CallbackStage.start({ hangingHosts: 0, callerIds: CALLERS });
  const word = distinctWords(seed);
  const load = steadyLoad(stage, 'sync', word, seed);
  const [warmUp, phase] = [new Phase(), new Phase()];
  await load(warmUp, WARM_UP_MS);
  const { lagMs } = await load(phase, loadMs);
  return {
    table: {
      title: `POST /sync of 18 digits at ${PER_SECOND.toLocaleString('en')}/s: milliseconds from the planned moment to the answer`,
      columns: ['', 'answers', 'with factors', 'p50', 'p99', 'target p99', 'p99.9', 'max'],
      rows: [
        [
          'POST /sync',
          phase.latencyMs.sync.count,
          phase.inline,
          ...[0.5, 0.99].map((q) => phase.latencyMs.sync.quantile(q)),
          '< 50',
          ...[0.999, 1].map((q) => phase.latencyMs.sync.quantile(q)),
        ],
      ],
    },
    notes: [`POST /sync: the generator was late by ${text(lagMs, 0.99)} ms (p99)`],
    failures: warmUp.failed + phase.failed,
  };
}

type Storm = Part & {
  readonly what: string;
  readonly account: CallbackAccount;
  readonly tables: readonly Table[];
};

async function measureStorm(
  { stormWarmUpMs, stormMs, restMs }: Size,
  { seed, say }: BenchmarkOptions,
): Promise<Storm> {
  await using stage = await CallbackStage.start({ hangingHosts: 0, callerIds: STORM_CALLERS });
  const random = seededRandom(seed);
  const word = distinctWords(seed);
  const load = (phase: Phase, perSecond: number, durationMs: number): Promise<OpenLoopReport> =>
    runOpenLoop({
      url: stage.server.url,
      connections: CONNECTIONS,
      perSecond,
      durationMs,
      arrivals: 'poisson',
      seed,
      next: (): Arrival => {
        const callerId = STORM_CALLERS[Math.floor(random() * STORM_CALLERS.length)]!;
        return random() < 0.5 ? stage.async(callerId, word(), phase) : stage.sync(callerId, word(), phase);
      },
    });
  const [warmUp, phase] = [new Phase(), new Phase()];
  const freshMiB = residentMiB(stage);
  await load(warmUp, STORM_PER_SECOND / 2, stormWarmUpMs);
  await stage.settled();
  const warm = warmUp.latencyMs.sync.count + warmUp.latencyMs.async.count;
  await sleep(SETTLE_MS);
  const beforeMiB = residentMiB(stage);

  const startMs = Date.now();
  const { lagMs } = await load(phase, STORM_PER_SECOND, stormMs);
  const loadedMiB = residentMiB(stage);
  await stage.settled();
  await drained(stage.server.url);
  say(`memory is read ${restMs / 1000} s after the last callback`);
  const account = await stage.account(phase);
  await sleep(Math.max(0, account.lastAtMs + restMs - Date.now()));
  const afterMiB = residentMiB(stage);

  const later = phase.later.filter((_, i) => i % Math.ceil(phase.later.length / CHECKED) === 0);
  const wrong = await countWrong(stage.server.url, later);
  const answers = phase.latencyMs;
  const slowest = Math.max(answers.sync.quantile(1), answers.async.quantile(1));
  return {
    what: 'storm',
    account,
    tables: [
      {
        title: `A storm of ${(answers.sync.count + answers.async.count).toLocaleString('en')} requests within ${stormMs / 1000} s from ${STORM_CALLERS.length} callers: milliseconds from the planned moment to the answer`,
        columns: ['', 'answers', 'p50', 'p99', 'max', 'target max'],
        rows: (['sync', 'async'] as const).map((door) => [
          `POST /${door}`,
          answers[door].count,
          ...[0.5, 0.99, 1].map((q) => answers[door].quantile(q)),
          '< 2,000',
        ]),
      },
      {
        title: 'After the storm',
        columns: ['', 'measured', 'target'],
        rows: [
          ['errors', phase.failed, '0'],
          ['slowest response, ms', slowest, '< 2,000'],
          ['answers of /sync with factors', phase.inline, null],
          ['answers of /sync with 202, which go on', phase.later.length, null],
          ['job done → callback received, p99, ms', account.delayMs.quantile(0.99), null],
          ['seconds from the beginning to the last callback', (account.lastAtMs - startMs) / 1000, null],
          ['resident memory, fresh, MiB', freshMiB, null],
          ['before the storm, warm, MiB', beforeMiB, null],
          ['at the end of the load, MiB', loadedMiB, null],
          [`${restMs / 1000} s after the last callback, MiB`, afterMiB, null],
          ['  to that before', afterMiB / beforeMiB, '0.8–1.2'],
        ],
      },
    ],
    notes: [
      `storm: ${later.length} of those answered with 202 were fetched afterwards, ${wrong} were not done or wrong; the generator was late by ${text(lagMs, 0.99)} ms (p99)`,
      `storm: memory before it is that after ${warm.toLocaleString('en')} requests, so that what the server keeps of ended ones is there`,
      ...(await stage.fate(account.lost)),
    ],
    failures: warmUp.failed + phase.failed + wrong + faultsIn(account),
  };
}

function callerIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `caller_${i}`);
}

function residentMiB({ server }: CallbackStage): number {
  return server.residentBytes / MIB;
}

function delayTable(delays: readonly Delays[], { loadMs }: Size): Table {
  return {
    title: `Milliseconds from job done to callback received; POST /async of 18 digits, ${PER_SECOND.toLocaleString('en')}/s for ${loadMs / 1000} s, ${CALLERS.length} callers`,
    columns: ['', 'callbacks', 'p50', 'p99', 'target p99', 'p99.9', 'max'],
    rows: delays.map(({ what, target, account: { delayMs } }) => [
      what,
      delayMs.count,
      ...[0.5, 0.99].map((q) => delayMs.quantile(q)),
      target,
      ...[0.999, 1].map((q) => delayMs.quantile(q)),
    ]),
  };
}

function arrivalTable(parts: readonly { readonly what: string; readonly account: CallbackAccount }[]): Table {
  return {
    title: 'What became of the callbacks',
    columns: ['', 'promised', 'lost', 'twice', 'badly signed', 'wrong factors', 'gaps', 'overtaken'],
    rows: [
      ['target', null, '0', '0', '0', '0', '0', null],
      ...parts.map(({ what, account }): Cell[] => [
        what,
        account.promised,
        account.lost.length,
        account.twice,
        account.badlySigned,
        account.wrong,
        account.gaps,
        account.overtaken,
      ]),
    ],
  };
}

function text(samples: Samples, q: number): string {
  return samples.quantile(q).toPrecision(2);
}
