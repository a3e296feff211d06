/**
 * How long a small caller waits behind a hog: caller_1 has 500 numbers of 60 digits waiting, and caller_2 asks for one of 18 digits
 * at a time, at random moments. Each contestant has the machine for itself, since the hog's work is never finished.
 *
 * Told is the time from the 202 to the first look that finds the result; all are looked at every few milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isPending, lookUp, submit } from '../support/ask.ts';
import type { BenchmarkOptions, Cell, Result } from '../support/benchmark.ts';
import { startBullmqPeer } from '../support/bullmq-peer.ts';
import { OURS, startFairsieve, type Contestant } from '../support/contestant.ts';
import { isFactored } from '../support/factored.ts';
import { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { Samples } from '../support/samples.ts';
import { seededRandom } from '../../src/loadgen/seeded-random.ts';
import { distinctWords, manySemiprimes } from '../support/seeded-numbers.ts';

const HOG_REQUESTS = 500;
const HOG_DIGITS = 60;
const HOG_CONNECTIONS = 8;
const PAUSE_MS_MAX = 400;
const LOOK_EVERY_MS = 5;

interface Size {
  readonly tries: number;
  /** A number that waits for longer ends the tries of that contestant. */
  readonly waitMsMax: number;
}

const FULL: Size = { tries: 30, waitMsMax: 120_000 };
const QUICK: Size = { tries: 2, waitMsMax: 3_000 };

/** The starts of the contestants, and how much longer than ours each may at least have a small caller wait. */
const CONTESTANTS: readonly (readonly [() => Promise<Contestant>, number])[] = [
  [startFairsieve, 1],
  [() => startBullmqPeer('arrival'), 20],
  [() => startBullmqPeer('turns'), 4],
];

interface Measured {
  readonly name: string;
  readonly waitMs: Samples;
  /** One took longer than the bound; it is among `waitMs` with what it had waited by then. */
  readonly gaveUp: boolean;
  readonly wrong: number;
}

export async function smallCaller({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const size = quick ? QUICK : FULL;
  const hog = [...manySemiprimes(HOG_REQUESTS, HOG_DIGITS, seededRandom(seed))];
  const measured: Measured[] = [];
  for (const [start] of CONTESTANTS) {
    await using contestant = await start();
    say(`${contestant.name}: behind ${HOG_REQUESTS} numbers of ${HOG_DIGITS} digits`);
    measured.push(await measure(contestant, hog, size, seed));
  }
  const [ours] = measured;
  return {
    tables: [
      {
        title: `Milliseconds from accepted to done: one number of 18 digits behind another caller's ${HOG_REQUESTS} of ${HOG_DIGITS} digits`,
        columns: ['', 'tries', 'p50', 'max', 'of ours to its: p50', 'max', 'target'],
        rows: measured.map((of, i): Cell[] => {
          const ratio = (q: number): Cell => {
            if (of.name === OURS || !ours) return null;
            const value = (ours.waitMs.quantile(q) / of.waitMs.quantile(q)).toPrecision(2);
            return of.gaveUp ? `< ${value}` : value;
          };
          const target = CONTESTANTS[i]?.[1] ?? 1;
          return [
            of.name,
            of.waitMs.count,
            bounded(of, 0.5),
            bounded(of, 1),
            ratio(0.5),
            ratio(1),
            target === 1 ? null : `≤ 1/${target}`,
          ];
        }),
      },
    ],
    notes: [
      `a contestant's tries end with the first number that waits for more than ${size.waitMsMax / 1_000} s, told as "> bound"`,
    ],
    failures: measured.reduce(
      (sum, { name, wrong, gaveUp }) => sum + wrong + Number(gaveUp && name === OURS),
      0,
    ),
  };
}

/** With a bound for what was given up, if the quantile is that one. */
function bounded({ waitMs, gaveUp }: Measured, q: number): Cell {
  const value = waitMs.quantile(q);
  return gaveUp && value === waitMs.quantile(1) ? `> ${Math.floor(value).toLocaleString('en')}` : value;
}

async function measure(
  contestant: Contestant,
  hog: readonly string[],
  { tries, waitMsMax }: Size,
  seed: number,
): Promise<Measured> {
  const random = seededRandom(seed + 1);
  const word = distinctWords(seed);
  using connection = new HttpConnection(contestant.url);
  await submitHog(contestant.url, hog);
  const waitMs = new Samples();
  let wrong = 0;
  let gaveUp = false;
  while (waitMs.count < tries && !gaveUp) {
    await sleep(random() * PAUSE_MS_MAX);
    const id = await submit(connection, 'caller_2', word());
    const acceptedMs = performance.now();
    let told = await lookUp(connection, id);
    while (isPending(told) && performance.now() - acceptedMs < waitMsMax) {
      await sleep(LOOK_EVERY_MS);
      told = await lookUp(connection, id);
    }
    waitMs.add(performance.now() - acceptedMs);
    gaveUp = isPending(told);
    if (!gaveUp && !(typeof told === 'object' && isFactored(told))) wrong++;
  }
  return { name: contestant.name, waitMs, gaveUp, wrong };
}

/** Resolves when all are accepted and the first of them runs. */
async function submitHog(url: string, numbers: readonly string[]): Promise<void> {
  const queue = numbers.values();
  const ids: string[] = [];
  const lane = async (): Promise<void> => {
    using connection = new HttpConnection(url);
    for (const number of queue) ids.push(await submit(connection, 'caller_1', number));
  };
  await Promise.all(Array.from({ length: HOG_CONNECTIONS }, lane));
  using connection = new HttpConnection(url);
  const [first = ''] = ids;
  let told = await lookUp(connection, first);
  while (typeof told === 'object' && told.status === 'queued') {
    await sleep(LOOK_EVERY_MS);
    told = await lookUp(connection, first);
  }
}
