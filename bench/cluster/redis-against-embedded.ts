/** The rate of `POST /requests` on one replica over Redis, which appends and flushes each commit, against the embedded store. */
import { startCluster } from '../../scripts/servers/cluster.ts';
import { Server } from '../../test/support/server.ts';
import type { BenchmarkOptions, Result } from '../support/benchmark.ts';
import { runClosedLoop, type ClosedLoopReport } from '../support/closed-loop.ts';
import { Samples } from '../support/samples.ts';
import { distinctWords } from '../support/seeded-numbers.ts';
import { countWrong, drained } from '../support/service.ts';
import { postRequest, requestIdIn } from '../support/wire.ts';

const CONNECTIONS = 64;
const CHECKED = 200;
const ENV = { FAIRSIEVE_LOG_LEVEL: 'error' };

/** Stores take turns in slices; the ratio is taken within a round. The replica is asked directly, without the balancer. */
export async function redisAgainstEmbedded({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const rounds = quick ? 2 : 6;
  const sliceMs = quick ? 1_000 : 4_000;
  await using embedded = await Server.start({ env: ENV });
  await using cluster = await startCluster({ replicas: 1, env: ENV });
  const [replica] = cluster.replicas;
  if (!replica) throw new Error('The cluster has no replica');
  const word = distinctWords(seed);
  const ids: string[] = [];
  const slice = async (url: string, durationMs: number, keep: boolean): Promise<ClosedLoopReport> => {
    const report = await runClosedLoop({
      url,
      connections: CONNECTIONS,
      durationMs,
      next: () => postRequest('bench', `{"number":${word()}}`),
      ...(keep && { onSuccess: (body: Buffer) => void ids.push(requestIdIn(body)) }),
    });
    await drained(url);
    return report;
  };

  for (const url of [embedded.url, replica.url]) await slice(url, quick ? 500 : 3_000, false);
  const reports = { embedded: [] as ClosedLoopReport[], redis: [] as ClosedLoopReport[] };
  for (let round = 1; round <= rounds; round++) {
    say(`embedded store and Redis, round ${round} of ${rounds}`);
    reports.embedded.push(await slice(embedded.url, sliceMs, false));
    reports.redis.push(await slice(replica.url, sliceMs, true));
  }
  const step = Math.ceil(ids.length / CHECKED);
  const wrong = await countWrong(
    replica.url,
    ids.filter((_, i) => i % step === 0),
  );
  const rates = (of: readonly ClosedLoopReport[]): number[] => of.map(({ perSecond }) => perSecond);
  const p99 = (of: readonly ClosedLoopReport[]): number =>
    Samples.of(of.map(({ latencyMs }) => latencyMs.quantile(0.99))).median();
  const ratios = rates(reports.redis).map((rate, i) => rate / (rates(reports.embedded)[i] ?? Number.NaN));
  const failed = [...reports.embedded, ...reports.redis].reduce((sum, report) => sum + report.failed, 0);
  return {
    tables: [
      {
        title: `POST /requests per second on one replica, ${CONNECTIONS} connections; medians of ${rounds} interleaved rounds of ${sliceMs / 1000} s`,
        columns: ['store', 'per second', 'p99 ms', 'ratio', 'target'],
        rows: [
          ['embedded', Samples.of(rates(reports.embedded)).median(), p99(reports.embedded), '', ''],
          [
            'Redis, appendfsync always',
            Samples.of(rates(reports.redis)).median(),
            p99(reports.redis),
            Samples.of(ratios).median(),
            '≥ 0.6',
          ],
        ],
      },
    ],
    notes: [`${wrong} of ${CHECKED} answers over Redis were not done or wrong`],
    failures: failed + wrong,
  };
}
