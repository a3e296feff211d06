/** Sixteen replicas started at once over an empty Redis: how long until each holds a database. */
import { startCluster } from '../../scripts/servers/cluster.ts';
import type { BenchmarkOptions, Result } from '../support/benchmark.ts';

const REPLICAS = 16;
const LEASE_MS = 10_000;

export async function sixteenAtOnce({ quick, say }: BenchmarkOptions): Promise<Result> {
  const replicas = quick ? 4 : REPLICAS;
  say(`${replicas} replicas at once`);
  await using cluster = await startCluster({
    replicas,
    env: { FAIRSIEVE_LOG_LEVEL: 'info', FAIRSIEVE_WORKERS: '1', FAIRSIEVE_LEASE_MS: String(LEASE_MS) },
  });
  const lines = cluster.replicas.map(({ output }) => logLines(output));
  const timesOf = (pattern: RegExp): number[] =>
    lines.map((of) => of.find(({ msg }) => pattern.test(msg))?.time ?? Number.NaN);
  const lastUpMs = Math.max(...timesOf(/^looking for a database/));
  const lastHeldMs = Math.max(...timesOf(/^this database is ours/));
  const databases = new Set(lines.map((of) => of.find(({ database }) => database !== undefined)?.database));
  return {
    tables: [
      {
        title: `${replicas} replicas started at once over an empty Redis, a lease of ${LEASE_MS / 1000} s`,
        columns: ['databases held', 'last process up → all hold one, s', 'beyond the lease, s', 'target'],
        rows: [
          [
            databases.size,
            (lastHeldMs - lastUpMs) / 1000,
            (lastHeldMs - lastUpMs - LEASE_MS) / 1000,
            '< 5 beyond the lease',
          ],
        ],
      },
    ],
    notes: [],
    failures: databases.size === replicas ? 0 : 1,
  };
}

interface LogLine {
  readonly time: number;
  readonly msg: string;
  readonly database?: number;
}

function logLines(output: string): LogLine[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
}
