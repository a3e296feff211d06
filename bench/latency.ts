/**
 * Latency at a fixed rate while every worker is busy with 60-digit numbers: half POSTs, half GETs, arriving at random moments
 * (open model; latencies count from the planned moment).
 */
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { Server } from '../test/support/server.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { runOpenLoop, type Arrival } from './support/open-loop.ts';
import { Samples } from './support/samples.ts';
import { distinctWords, manySemiprimes } from './support/seeded-numbers.ts';
import { allWorkersBusy, drained, readGauges, submitBatch } from './support/service.ts';
import { getRequest, postRequest, requestIdIn } from './support/wire.ts';

const PER_SECOND = 5_000;
const CONNECTIONS = 128;
/** The POSTs come from so many callers, in turn. */
const CALLERS = 100;
const HOG_REQUESTS = 500;
const HOG_DIGITS = 60;
/** Finished requests that GETs may ask for from the start. */
const FINISHED = 10_000;
/** V8 compiles until some 30,000 POSTs have been: the first 10,000 cost the event loop nearly twice as much as those from then on. */
const WARM_UP_MS = 12_000;
const P99_TARGET = '< 50';

export const latency: Benchmark = {
  about: `POST and GET at ${PER_SECOND.toLocaleString('en')} requests/s in total while all workers factor ${HOG_DIGITS}-digit numbers`,
  run: runLatency,
};

async function runLatency({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const durationMs = quick ? 4_000 : 30_000;
  const warmUpMs = quick ? 1_000 : WARM_UP_MS;
  await using server = await Server.start({ env: { FAIRSIEVE_LOG_LEVEL: 'error' } });
  const random = seededRandom(seed);
  const word = distinctWords(seed);

  say(`finishing ${FINISHED.toLocaleString('en')} requests to be asked for`);
  const ids = await submitBatch(server.url, 'early', Array.from({ length: FINISHED }, word));
  await drained(server.url);
  await submitBatch(server.url, 'hog', [...manySemiprimes(HOG_REQUESTS, HOG_DIGITS, random)]);
  await allWorkersBusy(server.url);

  let posted = 0;
  let failures = 0;
  const measured = { post: new Samples(), get: new Samples() };
  const post = (latencyMs: Samples): Arrival => ({
    request: postRequest(`caller_${posted++ % CALLERS}`, `{"number":${word()}}`),
    onAnswer: (success, ms, body) => {
      latencyMs.add(ms);
      if (success) ids.push(requestIdIn(body));
      else failures++;
    },
  });
  const get = (latencyMs: Samples): Arrival => ({
    request: getRequest(ids[Math.floor(random() * ids.length)] ?? ''),
    onAnswer: (success, ms) => {
      latencyMs.add(ms);
      if (!success) failures++;
    },
  });
  const load = {
    url: server.url,
    connections: CONNECTIONS,
    perSecond: PER_SECOND,
    arrivals: 'poisson',
    seed,
  } as const;
  const mixOf =
    ({ post: posts, get: gets }: typeof measured) =>
    (): Arrival =>
      random() < 0.5 ? post(posts) : get(gets);

  await runOpenLoop({
    ...load,
    durationMs: warmUpMs,
    next: mixOf({ post: new Samples(), get: new Samples() }),
  });
  say(`${durationMs / 1000} s of load`);
  const { sent, lagMs } = await runOpenLoop({ ...load, durationMs, next: mixOf(measured) });
  const { requests_waiting: waiting, workers, workers_busy: busy } = await readGauges(server.url);

  return {
    tables: [
      {
        title: `Milliseconds from the planned moment to the answer; ${sent.toLocaleString('en')} requests in ${durationMs / 1000} s`,
        columns: ['', 'requests', 'p50', 'p99', 'target p99', 'p99.9', 'max'],
        rows: [
          latencyRow('POST /requests', measured.post, P99_TARGET),
          latencyRow('GET /requests/{id}', measured.get, P99_TARGET),
          latencyRow('of which: the generator was late by', lagMs, ''),
        ],
      },
    ],
    notes: [
      `POST: numbers of 18 digits from ${CALLERS} callers; GET: any request accepted so far`,
      `at the end ${busy} of ${workers} workers were busy and ${waiting.toLocaleString('en')} requests waited, up to ${HOG_REQUESTS} of them the hog's`,
    ],
    failures,
  };
}

function latencyRow(what: string, samples: Samples, target: string): (string | number)[] {
  const [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1].map((q) => samples.quantile(q));
  return [
    what,
    samples.count,
    p50 ?? Number.NaN,
    p99 ?? Number.NaN,
    target,
    p999 ?? Number.NaN,
    max ?? Number.NaN,
  ];
}
