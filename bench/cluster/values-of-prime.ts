/** `GET /values/{prime}` over four replicas that hold a million values, a thousand of which have the prime. */
import { startCluster } from '../../scripts/servers/cluster.ts';
import type { BenchmarkOptions, Result } from '../support/benchmark.ts';
import { ask } from '../../src/loadgen/ask.ts';
import { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { runOpenLoop } from '../support/open-loop.ts';
import { Samples } from '../support/samples.ts';
import { isSuccess } from '../../src/loadgen/request-text.ts';
import { getValues, postValues, valuesIn } from '../support/wire.ts';

const REPLICAS = 4;
const MATCHES = 1_000;
const BATCH = 1_000;
const POSTS_AT_ONCE = 4;
/** Large, so that no other value has it: those are below its square and no multiples. */
const PRIME = 999_999_937;
const OTHERS_BELOW = 900_000_000;
const CONNECTIONS = 8;
const PER_SECOND = 20;

export async function valuesOfPrime({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const stored = quick ? 20_000 : 1_000_000;
  const durationMs = quick ? 3_000 : 20_000;
  await using cluster = await startCluster({
    replicas: REPLICAS,
    env: { FAIRSIEVE_LOG_LEVEL: 'error', FAIRSIEVE_WORKERS: '1' },
  });
  say(`storing ${stored.toLocaleString('en')} values on ${REPLICAS} replicas`);
  const fillSeconds = await fill(cluster.url, numbersWithMatches(stored));

  say(`GET /values/{prime}, ${PER_SECOND} a second`);
  const latencyMs = new Samples();
  let failures = 0;
  let wrong = 0;
  const request = getValues(PRIME);
  await runOpenLoop({
    url: cluster.url,
    connections: CONNECTIONS,
    perSecond: PER_SECOND,
    durationMs,
    arrivals: 'poisson',
    seed,
    next: () => ({
      request,
      onAnswer: (success, ms, body) => {
        latencyMs.add(ms);
        if (!success) failures++;
        else if (valuesIn(body).length !== MATCHES) wrong++;
      },
    }),
  });
  return {
    tables: [
      {
        title: `GET /values/{prime}: ${MATCHES.toLocaleString('en')} matches among ${stored.toLocaleString('en')} values on ${REPLICAS} replicas, through the balancer, ms`,
        columns: ['requests', 'p50', 'p99', 'target p99', 'max', 'values stored per second'],
        rows: [
          [
            latencyMs.count,
            latencyMs.quantile(0.5),
            latencyMs.quantile(0.99),
            '< 50',
            latencyMs.quantile(1),
            stored / fillSeconds,
          ],
        ],
      },
    ],
    notes: [`${wrong} of the answers did not have ${MATCHES} values`],
    failures: failures + wrong,
  };
}

/** Distinct numbers in batches, the matches spread evenly among them. */
function* numbersWithMatches(count: number): Generator<string[]> {
  const every = count / MATCHES;
  for (let i = 0; i < count; i += BATCH)
    yield Array.from({ length: Math.min(BATCH, count - i) }, (_, j) =>
      (i + j) % every === 0 ? String(PRIME * ((i + j) / every + 1)) : String(OTHERS_BELOW - (i + j)),
    );
}

/** Resolves to the seconds it took. A batch that is not done within the wait is waited for. */
async function fill(url: string, batches: Iterable<string[]>): Promise<number> {
  const iterator = Iterator.from(batches);
  const startMs = performance.now();
  const lane = async (): Promise<void> => {
    using connection = new HttpConnection(url);
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      const numbers = next.value;
      await until200(connection, postValues(numbers));
    }
  };
  await Promise.all(Array.from({ length: POSTS_AT_ONCE }, lane));
  return (performance.now() - startMs) / 1000;
}

/** The same POST again while it is answered with 202 or "not now": what is stored already costs nothing the second time. */
async function until200(connection: HttpConnection, request: string): Promise<void> {
  for (;;) {
    const end = await ask(connection, request);
    if (end.kind === 'broken') throw new Error(`POST /values was not answered: ${end.reason}`);
    if (end.status === 200) return;
    if (!isSuccess(end.status) && end.status !== 503)
      throw new Error(`POST /values was answered with ${end.status}`);
  }
}
