/**
 * The highest rates of `POST /requests` and `GET /requests/{id}` over 64 connections, against a bare Fastify.
 *
 * Service and peer take turns in slices of a few seconds; the ratio is taken within a round, and the median of the rounds is
 * told. After each slice of POSTs all that was accepted is waited for, so that the peer's slice has the machine for itself.
 */
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { Server } from '../test/support/server.ts';
import { startPeerProcess, type PeerProcess } from './support/peer-process.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { runClosedLoop, type ClosedLoopReport } from './support/closed-loop.ts';
import { measureFsync } from './support/fsync-cost.ts';
import { Samples } from './support/samples.ts';
import { distinctWords } from './support/seeded-numbers.ts';
import { countWrong, drained, submitBatch } from './support/service.ts';
import { getRequest, postRequest, requestIdIn } from './support/wire.ts';

const CONNECTIONS = 64;
const BATCH = 10_000;
/** Requests that ended last: the server is likely to have them in memory. */
const HOT = 5_000;
/** Answers whose factors are multiplied back by the benchmark. */
const CHECKED = 500;
const RATIO_TARGET = '≥ 0.7';

interface Size {
  readonly rounds: number;
  readonly sliceMs: number;
  /** V8 compiles until some 30,000 POSTs have been: until then they cost up to twice as much. */
  readonly warmUpMs: number;
  /** Finished requests that the cold GETs are spread over, at least. */
  readonly stored: number;
}

const FULL: Size = { rounds: 6, sliceMs: 4_000, warmUpMs: 8_000, stored: 200_000 };
const QUICK: Size = { rounds: 2, sliceMs: 1_000, warmUpMs: 500, stored: 20_000 };

export const http: Benchmark = {
  about: 'durable POST /requests and GET /requests/{id} at full load, against a bare Fastify',
  run: runHttp,
};

async function runHttp({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const size = quick ? QUICK : FULL;
  const fsyncMs = measureFsync();
  await using server = await Server.start({ env: { FAIRSIEVE_LOG_LEVEL: 'error' } });
  const word = distinctWords(seed);
  const nextPost = (): string => postRequest('bench', `{"number":${word()}}`);
  await using peer = await startPeerLike(server.url, nextPost());

  const ids: string[] = [];
  const posts = await runPosts(server.url, peer.url, nextPost, ids, size, say);

  say(`storing ${size.stored.toLocaleString('en')} finished requests`);
  do {
    const batch = Array.from({ length: BATCH }, word);
    ids.push(...(await submitBatch(server.url, 'bench', batch)));
  } while (ids.length < size.stored);
  await drained(server.url);

  const random = seededRandom(seed);
  const pick = (from: readonly string[]) => (): string =>
    getRequest(from[Math.floor(random() * from.length)] ?? '');
  const hot = pick(ids.slice(-HOT));
  const cold = pick(ids);
  const gets = await runGets(server.url, peer.url, hot, cold, size, say);

  const step = Math.ceil(ids.length / CHECKED);
  const checked = ids.filter((_, i) => i % step === 0);
  const wrong = await countWrong(server.url, checked);
  const all = [...posts.ours, ...posts.peers, ...gets.hot, ...gets.cold, ...gets.peers];
  return {
    tables: [
      {
        title: `Requests per second, ${CONNECTIONS} connections; medians of ${size.rounds} interleaved rounds of ${size.sliceMs / 1000} s`,
        columns: [
          '',
          'fairsieve',
          'bare Fastify',
          'ratio',
          'target',
          'p50 ms',
          'p99 ms',
          'p99 ms of the peer',
        ],
        rows: [
          rateRow('POST, on disk before the 202', posts.ours, posts.peers),
          rateRow(`GET, the ${HOT.toLocaleString('en')} that ended last`, gets.hot, gets.peers),
          rateRow(`GET, any of ${ids.length.toLocaleString('en')} that ended`, gets.cold, gets.peers),
        ],
      },
      {
        title: 'From accepted to finished: distinct random numbers of 18 digits',
        columns: ['round', 'accepted', 'accepted/s', 'all finished, s after the last 202', 'finished/s'],
        rows: posts.ours.map((report, i) => {
          const drainSeconds = posts.drainSeconds[i] ?? 0;
          const seconds = report.succeeded / report.perSecond + drainSeconds;
          return [
            String(i + 1),
            report.succeeded,
            report.perSecond,
            drainSeconds,
            report.succeeded / seconds,
          ];
        }),
      },
    ],
    notes: [
      `before the run, fdatasync took ${fsyncMs.quantile(0.5).toPrecision(2)} ms (p50), ${fsyncMs.quantile(0.99).toPrecision(2)} ms (p99)`,
      `${checked.length} answers were fetched and multiplied back; ${wrong} were wrong`,
      'finished/s counts from the first POST of the round to the end of the last request',
    ],
    failures: wrong + all.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** A peer that answers with bodies like those of the service for the same request. */
async function startPeerLike(url: string, post: string): Promise<PeerProcess> {
  const body = post.slice(post.indexOf('\r\n\r\n') + 4);
  const headers = { 'x-caller-id': 'bench', 'content-type': 'application/json' };
  const accepted = await (await fetch(`${url}/requests`, { method: 'POST', headers, body })).text();
  await drained(url);
  const { request_id: id } = JSON.parse(accepted) as { readonly request_id: string };
  const finished = await (await fetch(`${url}/requests/${id}`)).text();
  return startPeerProcess(new URL('./peers/bare-fastify.ts', import.meta.url), {
    PEER_POST_ANSWER: accepted,
    PEER_GET_ANSWER: finished,
  });
}

async function runPosts(
  ourUrl: string,
  peerUrl: string,
  next: () => string,
  ids: string[],
  { rounds, sliceMs, warmUpMs }: Size,
  say: BenchmarkOptions['say'],
): Promise<{ ours: ClosedLoopReport[]; peers: ClosedLoopReport[]; drainSeconds: number[] }> {
  const post = (
    url: string,
    durationMs: number,
    onSuccess?: (body: Buffer) => void,
  ): Promise<ClosedLoopReport> =>
    runClosedLoop({ url, connections: CONNECTIONS, durationMs, next, ...(onSuccess && { onSuccess }) });
  const keepId = (body: Buffer): void => void ids.push(requestIdIn(body));
  const reports = {
    ours: [] as ClosedLoopReport[],
    peers: [] as ClosedLoopReport[],
    drainSeconds: [] as number[],
  };

  await post(ourUrl, warmUpMs);
  await drained(ourUrl);
  await post(peerUrl, warmUpMs);
  for (let round = 1; round <= rounds; round++) {
    say(`POST, round ${round} of ${rounds}`);
    reports.ours.push(await post(ourUrl, sliceMs, keepId));
    reports.drainSeconds.push(await drained(ourUrl));
    reports.peers.push(await post(peerUrl, sliceMs));
  }
  return reports;
}

async function runGets(
  ourUrl: string,
  peerUrl: string,
  hot: () => string,
  cold: () => string,
  { rounds, sliceMs, warmUpMs }: Size,
  say: BenchmarkOptions['say'],
): Promise<Record<'hot' | 'cold' | 'peers', ClosedLoopReport[]>> {
  const get = (url: string, durationMs: number, next: () => string): Promise<ClosedLoopReport> =>
    runClosedLoop({ url, connections: CONNECTIONS, durationMs, next });
  const reports = {
    hot: [] as ClosedLoopReport[],
    cold: [] as ClosedLoopReport[],
    peers: [] as ClosedLoopReport[],
  };

  await get(ourUrl, warmUpMs, cold);
  await get(peerUrl, warmUpMs, hot);
  for (let round = 1; round <= rounds; round++) {
    say(`GET, round ${round} of ${rounds}`);
    reports.hot.push(await get(ourUrl, sliceMs, hot));
    reports.cold.push(await get(ourUrl, sliceMs, cold));
    reports.peers.push(await get(peerUrl, sliceMs, hot));
  }
  return reports;
}

function rateRow(
  what: string,
  ours: readonly ClosedLoopReport[],
  peers: readonly ClosedLoopReport[],
): (string | number)[] {
  const median = (values: readonly number[]): number => Samples.of(values).median();
  const rates = (reports: readonly ClosedLoopReport[]): number[] => reports.map(({ perSecond }) => perSecond);
  const latencies = (reports: readonly ClosedLoopReport[], q: number): number =>
    median(reports.map(({ latencyMs }) => latencyMs.quantile(q)));
  const ratios = ours.map(({ perSecond }, i) => perSecond / (peers[i]?.perSecond ?? Number.NaN));
  return [
    what,
    median(rates(ours)),
    median(rates(peers)),
    median(ratios),
    RATIO_TARGET,
    latencies(ours, 0.5),
    latencies(ours, 0.99),
    latencies(peers, 0.99),
  ];
}
