/**
 * A5 as it is written: 20,000 POSTs and 20,000 GETs within one minute without a failure, while all workers factor; and then the
 * highest rate that still holds.
 *
 * Open model: requests arrive evenly, POST and GET in turn, from many callers, whatever the server does, and latencies count from
 * the planned moment. Numbers have 18 digits, but for two in a second, whatever the rate, of 40 to 60; another caller has numbers
 * of 60 digits waiting throughout. GETs ask for requests that have been accepted, finished or not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from '../test/support/server.ts';
import type { Benchmark, BenchmarkOptions, Cell, Result, Table } from './support/benchmark.ts';
import { isFactored } from './support/factored.ts';
import { findHighestRate } from './support/highest-rate.ts';
import { runOpenLoop, type Arrival } from './support/open-loop.ts';
import { Samples } from './support/samples.ts';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { balancedSemiprime, distinctWords, manySemiprimes } from './support/seeded-numbers.ts';
import { allWorkersBusy, fetchRequest, submitBatch } from './support/service.ts';
import { getRequest, postRequest, requestIdIn } from './support/wire.ts';

const POSTS = 20_000;
const MINUTE_MS = 60_000;
const LATENCY_MS_MAX = 500;
const CONNECTIONS = 256;
const CALLERS = 100;
const HARD_PER_SECOND = 2;
const HARD_DIGITS = { min: 40, max: 60 };
/** Hard numbers are made beforehand, since finding primes would delay arrivals: enough for all phases, so that none is remembered. */
const HARD_NUMBERS = HARD_PER_SECOND * 400;
const HOG_DIGITS = 60;
/** More than all workers of a small machine finish in a second. */
const HOG_PER_SECOND = 4;
/** Enough for all phases. */
const HOG_NUMBERS = 2_000;
const WARM_UP = { perSecond: 500, durationMs: 2_000 };
const CHECKED = 500;
const CHECK_MS_MAX = 120_000;
const SETTLE_MS_MAX = 30_000;

interface Size {
  /** Of the load as written. */
  readonly durationMs: number;
  readonly tries: number;
  readonly tryMs: number;
}

const FULL: Size = { durationMs: MINUTE_MS, tries: 9, tryMs: 10_000 };
const QUICK: Size = { durationMs: 6_000, tries: 3, tryMs: 2_000 };
/** A single pause of the machine is no limit of the server. */
const CHANCES = 2;
const SEARCH = { from: 2_000, max: 64_000, factor: 1.1 };

export const a5: Benchmark = {
  about: '20,000 POST and 20,000 GET in 60 s while all workers factor, and the highest rate that still holds',
  run: runA5,
};

interface Phase {
  readonly post: Samples;
  readonly get: Samples;
  readonly both: Samples;
  readonly lagMs: Samples;
  readonly failed: number;
  readonly ids: readonly string[];
}

type Load = (perSecond: number, durationMs: number) => Promise<Phase>;

async function runA5({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const { durationMs, tries, tryMs } = quick ? QUICK : FULL;
  await using server = await Server.start({ env: { FAIRSIEVE_LOG_LEVEL: 'error' } });
  const load = loadOn(server.url, seed);
  await load(WARM_UP.perSecond, WARM_UP.durationMs);

  const perSecond = (2 * POSTS * 1_000) / MINUTE_MS;
  say(`${Math.round(perSecond)} requests/s for ${durationMs / 1_000} s`);
  const asWritten = await load(perSecond, durationMs);
  const ends = await countEnds(server.url, asWritten.ids);

  const attempts: { readonly rate: number; readonly phase: Phase }[] = [];
  const { held, failed: lowestFailed } = await findHighestRate({
    ...SEARCH,
    triesMax: tries,
    holds: async (rate) => {
      for (let chance = 0; chance < CHANCES; chance++) {
        say(`${rate.toLocaleString('en')} requests/s for ${tryMs / 1_000} s`);
        const phase = await load(rate, tryMs);
        attempts.push({ rate, phase });
        if (holds(phase)) return true;
      }
      return false;
    },
  });
  return {
    tables: [
      asWrittenTable(asWritten, durationMs),
      {
        title: `The highest rate with 0 failures and a maximum below ${LATENCY_MS_MAX} ms, POST and GET together, in runs of ${tryMs / 1_000} s`,
        columns: ['held, requests/s', 'as a multiple of A5', 'did not hold, requests/s'],
        rows: [[held, held / perSecond, lowestFailed === Infinity ? '–' : lowestFailed]],
      },
      {
        title: 'The runs in which it was looked for, ms',
        columns: ['requests/s', 'failed', 'p50', 'p99', 'max', 'generator late, max'],
        rows: attempts.map(({ rate, phase: { failed, both, lagMs } }): Cell[] => [
          rate,
          failed,
          both.quantile(0.5),
          both.quantile(0.99),
          both.quantile(1),
          lagMs.quantile(1),
        ]),
      },
    ],
    notes: [
      `a rate holds if one of ${CHANCES} runs does`,
      `a sample of the accepted requests was waited for and multiplied back: ${ends.right} right, ${ends.wrong} wrong, ${ends.unfinished} not done ${CHECK_MS_MAX / 1_000} s after the load`,
    ],
    failures: asWritten.failed + ends.wrong + ends.unfinished,
  };
}

function holds({ both, failed }: Phase): boolean {
  return failed === 0 && both.quantile(1) < LATENCY_MS_MAX;
}

function asWrittenTable({ post, get, lagMs, failed }: Phase, durationMs: number): Table {
  const row = (what: string, samples: Samples, target: string): Cell[] => [
    what,
    samples.count,
    samples.quantile(0.5),
    samples.quantile(0.99),
    samples.quantile(0.999),
    samples.quantile(1),
    target,
  ];
  return {
    title: `A5 as written: milliseconds from the planned moment, ${failed} failed; ${durationMs / 1_000} s`,
    columns: ['', 'requests', 'p50', 'p99', 'p99.9', 'max', 'target max'],
    rows: [
      row('POST /requests', post, `< ${LATENCY_MS_MAX}`),
      row('GET /requests/{id}', get, `< ${LATENCY_MS_MAX}`),
      row('of which: the generator was late by', lagMs, ''),
    ],
  };
}

/** Load on one server, phase after phase: what earlier ones had accepted may be asked for by later ones. */
function loadOn(url: string, seed: number): Load {
  const random = seededRandom(seed);
  const word = distinctWords(seed);
  const hard = Array.from({ length: HARD_NUMBERS }, () => {
    const { min, max } = HARD_DIGITS;
    return String(balancedSemiprime(min + Math.floor(random() * (max - min + 1)), random));
  });
  const hog = [...manySemiprimes(HOG_NUMBERS, HOG_DIGITS, random)];
  const known: string[] = [];
  let posted = 0;
  let hardUsed = 0;

  return async (perSecond, durationMs) => {
    const refill = Math.ceil((durationMs / 1_000) * HOG_PER_SECOND);
    await submitBatch(url, 'hog', hog.splice(0, refill));
    await allWorkersBusy(url);
    const [post, get, both] = [new Samples(), new Samples(), new Samples()];
    const ids: string[] = [];
    const hardEvery = Math.ceil(perSecond / 2 / HARD_PER_SECOND);
    let failed = 0;
    let arrived = 0;
    let lastSmall: string | undefined;
    const count = (of: Samples, success: boolean, ms: number): void => {
      of.add(ms);
      both.add(ms);
      if (!success) failed++;
    };
    const nextPost = (): Arrival => {
      const isHard = posted++ % hardEvery === 0;
      const number = isHard ? hard[hardUsed++ % HARD_NUMBERS] : word();
      return {
        request: postRequest(`caller_${posted % CALLERS}`, `{"number":${number}}`),
        onAnswer: (success, ms, body) => {
          count(post, success, ms);
          if (!success) return;
          const id = requestIdIn(body);
          ids.push(id);
          known.push(id);
          if (!isHard) lastSmall = id;
        },
      };
    };
    const nextGet = (): Arrival => ({
      request: getRequest(known[Math.floor(random() * known.length)] ?? ''),
      onAnswer: (success, ms) => count(get, success, ms),
    });
    const { lagMs } = await runOpenLoop({
      url,
      connections: CONNECTIONS,
      perSecond,
      arrivals: 'constant',
      durationMs,
      seed,
      next: () => (arrived++ % 2 === 0 || known.length === 0 ? nextPost() : nextGet()),
    });
    // What a phase leaves behind is no load of the next.
    if (lastSmall !== undefined) await endOf(url, lastSmall, performance.now() + SETTLE_MS_MAX);
    return { post, get, both, lagMs, failed, ids };
  };
}

const LOOK_AGAIN_MS = 20;

type End = 'right' | 'wrong' | 'unfinished';

/** How the request has ended by then. */
async function endOf(url: string, id: string, endMs: number): Promise<End> {
  for (;;) {
    const request = await fetchRequest(url, id, 1);
    if (request.status !== 'queued' && request.status !== 'running')
      return isFactored(request) ? 'right' : 'wrong';
    if (performance.now() > endMs) return 'unfinished';
    await sleep(LOOK_AGAIN_MS);
  }
}

/** A sample of these requests, counted by how they ended. */
async function countEnds(url: string, ids: readonly string[]): Promise<Record<End, number>> {
  const counts = { right: 0, wrong: 0, unfinished: 0 };
  const step = Math.ceil(ids.length / CHECKED);
  const endMs = performance.now() + CHECK_MS_MAX;
  for (const id of ids.filter((_, i) => i % step === 0)) counts[await endOf(url, id, endMs)]++;
  return counts;
}
