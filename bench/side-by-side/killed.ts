/**
 * kill -9 of a contestant's own processes under full load: which of the requests that it had accepted are unknown afterwards, or
 * never end. A peer's Redis goes on; ours has its store in the process that is killed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isPending, lookUp } from '../support/ask.ts';
import type { BenchmarkOptions, Cell, Result } from '../support/benchmark.ts';
import { runClosedLoop } from '../support/closed-loop.ts';
import { OURS, type Contestant } from '../support/contestant.ts';
import { isFactored } from '../support/factored.ts';
import { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { distinctWords } from '../support/seeded-numbers.ts';
import { postRequest, requestIdIn } from '../support/wire.ts';

const CONNECTIONS = 64;
const CALLERS = 10;
/** The load goes on for so long after the kill, and is refused. */
const REFUSED_MS = 100;
/** Above what a lock of the peers lives for, and all that was accepted takes. */
const DONE_MS_MAX = 90_000;
const LANES = 8;
const LOOK_AGAIN_MS = 20;

interface Measured {
  readonly name: string;
  readonly accepted: number;
  /** Unknown after the restart, or failed. */
  readonly lost: number;
  readonly unfinished: number;
  readonly wrong: number;
  /** From the start after the kill until it answered. */
  readonly upSeconds: number;
  /** From the same moment until the last one was done. */
  readonly doneSeconds: number;
}

export async function killed(
  contestants: readonly Contestant[],
  { quick, seed, say }: BenchmarkOptions,
): Promise<Result> {
  const loadMs = quick ? 700 : 4_000;
  const measured: Measured[] = [];
  for (const contestant of contestants) {
    say(`${contestant.name}: killed under load`);
    measured.push(await measure(contestant, loadMs, seed));
  }
  return {
    tables: [
      {
        title: `kill -9 after ${loadMs / 1_000} s of full load; all that was accepted is asked for after the restart`,
        columns: [
          '',
          'accepted',
          'lost',
          'target',
          `not done within ${DONE_MS_MAX / 1_000} s`,
          'wrong',
          'answers after, s',
          'all done after, s',
        ],
        rows: measured.map((of): Cell[] => [
          of.name,
          of.accepted,
          of.lost,
          of.name === OURS ? '0' : '',
          of.unfinished,
          of.wrong,
          of.upSeconds,
          of.doneSeconds,
        ]),
      },
    ],
    notes: ["of a peer, what it loses is a result and no failure of the benchmark's"],
    failures: measured.reduce(
      (sum, { name, lost, unfinished, wrong }) => sum + wrong + (name === OURS ? lost + unfinished : 0),
      0,
    ),
  };
}

async function measure(contestant: Contestant, loadMs: number, seed: number): Promise<Measured> {
  const word = distinctWords(seed);
  const accepted: string[] = [];
  let posted = 0;
  const load = runClosedLoop({
    url: contestant.url,
    connections: CONNECTIONS,
    durationMs: loadMs + REFUSED_MS,
    next: () => postRequest(`caller_${posted++ % CALLERS}`, `{"number":"${word()}"}`),
    onSuccess: (body) => void accepted.push(requestIdIn(body)),
  });
  await sleep(loadMs);
  await contestant.kill();
  await load;
  const startMs = performance.now();
  await contestant.start();
  const upSeconds = (performance.now() - startMs) / 1_000;
  const counts = { lost: 0, unfinished: 0, wrong: 0 };
  const queue = accepted.values();
  const lane = async (): Promise<void> => {
    using connection = new HttpConnection(contestant.url);
    for (const id of queue) {
      const end = await endOf(connection, id, startMs + DONE_MS_MAX);
      if (end !== 'right') counts[end]++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return {
    name: contestant.name,
    accepted: accepted.length,
    ...counts,
    upSeconds,
    doneSeconds: (performance.now() - startMs) / 1_000,
  };
}

async function endOf(
  connection: HttpConnection,
  id: string,
  endMs: number,
): Promise<'right' | 'wrong' | 'lost' | 'unfinished'> {
  for (;;) {
    const told = await lookUp(connection, id);
    if (told === 'unknown' || told?.status === 'failed') return 'lost';
    if (told && !isPending(told)) return isFactored(told) ? 'right' : 'wrong';
    if (performance.now() > endMs) return 'unfinished';
    await sleep(LOOK_AGAIN_MS);
  }
}
