/** What the tests of whole clusters share. */
import assert from 'node:assert/strict';
import type { Readiness } from '../../src/contract/health.ts';
import { parseRequestId } from '../../src/domain/request-id.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../../scripts/servers/cluster.ts';
import type { ServerProcess } from '../../scripts/servers/server-process.ts';
import { ask, read, type Reply, type Target } from './api.ts';
import { until } from './until.ts';

/** Short, so that what waits for a lease does not wait long. */
export const LEASE_MS = 1_500;

export function startTestCluster(replicas: number, env: ClusterOptions['env'] = {}): Promise<Cluster> {
  return startCluster({
    replicas,
    env: {
      FAIRSIEVE_LOG_LEVEL: 'info',
      FAIRSIEVE_WORKERS: '1',
      FAIRSIEVE_LEASE_MS: String(LEASE_MS),
      ...env,
    },
  });
}

/** The only replicas of a cluster. */
export function replicasOf<const Count extends number>(
  { replicas }: Cluster,
  count: Count,
): Count extends 2
  ? [ServerProcess, ServerProcess]
  : Count extends 3
    ? [ServerProcess, ServerProcess, ServerProcess]
    : [ServerProcess, ServerProcess, ServerProcess, ServerProcess] {
  assert.equal(replicas.length, count);
  return [...replicas] as never;
}

/** What a replica says of the cluster. */
export async function clusterOf(target: Target): Promise<NonNullable<Readiness['cluster']>> {
  const { cluster } = JSON.parse((await ask(target, '/readyz')).text) as Readiness;
  assert(cluster !== undefined, 'This is no replica of a cluster');
  return cluster;
}

export async function shardOf(target: Target): Promise<number> {
  return (await clusterOf(target)).shard;
}

/** The shard that a request was accepted by. */
export function birthShard(requestId: string): number {
  const id = parseRequestId(requestId);
  assert(id !== undefined, requestId);
  return id.shard;
}

/** Resolves when these all see so many others. */
export async function untilPeers(targets: readonly Target[], count: number): Promise<void> {
  for (const target of targets)
    await until(`${target.url} seeing ${count} others`, async () => {
      return (await clusterOf(target)).peers.length === count;
    });
}

export function postValues(
  target: Target,
  numbers: readonly (number | bigint)[],
  query = '',
): Promise<Reply> {
  return ask(target, `/values${query}`, { method: 'POST', body: `[${numbers.join(',')}]` });
}

/** The values with that prime, as numbers. */
export async function valuesOf(target: Target, prime: number | bigint): Promise<number[]> {
  const values = read<{ readonly value: number }[]>(await ask(target, `/values/${prime}`), 200);
  return values.map(({ value }) => value);
}
