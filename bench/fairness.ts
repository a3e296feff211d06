/**
 * How long a small request of one caller takes behind a hog: caller_1 has 500 numbers of 60 digits waiting, every worker is
 * busy with them, and caller_2 sends one number of 18 digits at a random moment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestBody } from '../src/contract/request-body.ts';
import type { Accepted } from '../src/contract/submission.ts';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { Server } from '../test/support/server.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { Samples } from './support/samples.ts';
import { distinctWords, manySemiprimes } from './support/seeded-numbers.ts';
import { allWorkersBusy, fetchRequest, readGauges, submitBatch } from './support/service.ts';

const HOG_REQUESTS = 500;
const HOG_DIGITS = 60;
const PAUSE_MS_MAX = 400;
/** One long-poll; the server cuts it to its own bound. */
const WAIT_SECONDS = 1.8;
const P99_TARGET = '< 120';

export const fairness: Benchmark = {
  about: `one number of 18 digits behind another caller's ${HOG_REQUESTS} of ${HOG_DIGITS} digits, all workers busy: accepted → done`,
  run: runFairness,
};

async function runFairness({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const tries = quick ? 10 : 50;
  await using server = await Server.start({ env: { FAIRSIEVE_LOG_LEVEL: 'error' } });
  const random = seededRandom(seed);
  const word = distinctWords(seed);
  await submitBatch(server.url, 'caller_1', [...manySemiprimes(HOG_REQUESTS, HOG_DIGITS, random)]);

  const seen = new Samples();
  const told = new Samples();
  let failures = 0;
  say(`${tries} tries`);
  for (let i = 0; i < tries; i++) {
    await sleep(random() * PAUSE_MS_MAX);
    await allWorkersBusy(server.url);
    const { request_id: id } = await submitOne(server.url, word());
    const acceptedMs = performance.now();
    let request: RequestBody;
    do request = await fetchRequest(server.url, id, WAIT_SECONDS);
    while (request.status === 'queued' || request.status === 'running');
    seen.add(performance.now() - acceptedMs);
    told.add(Date.parse(request.finished_at ?? '') - Date.parse(request.accepted_at));
    if (request.status !== 'done') failures++;
  }
  const { requests_waiting: hogWaiting } = await readGauges(server.url);
  const row = (what: string, samples: Samples): (string | number)[] => [
    what,
    samples.quantile(0.5),
    samples.quantile(0.99),
    P99_TARGET,
    samples.quantile(1),
  ];
  return {
    tables: [
      {
        title: `Milliseconds from accepted to done, ${tries} tries`,
        columns: ['', 'p50', 'p99', 'target p99', 'max'],
        rows: [
          row('from the 202 to the answer of the long-poll', seen),
          row('by the times that the server tells', told),
        ],
      },
    ],
    notes: [`at the end caller_1 still had ${hogWaiting} requests waiting`],
    failures,
  };
}

async function submitOne(url: string, number: string): Promise<Accepted> {
  const response = await fetch(`${url}/requests`, {
    method: 'POST',
    headers: { 'x-caller-id': 'caller_2', 'content-type': 'application/json' },
    body: `{"number":${number}}`,
  });
  if (response.status !== 202) throw new Error(`A number was answered with ${response.status}`);
  return (await response.json()) as Accepted;
}
