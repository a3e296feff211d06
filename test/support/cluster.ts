/** What the tests of whole clusters share. */
import assert from 'node:assert/strict';
import type { Readiness } from '../../src/contract/health.ts';
import type { ProblemBody } from '../../src/contract/problem-body.ts';
import type { RequestBody } from '../../src/contract/request-body.ts';
import type { ErrorCode } from '../../src/domain/error-code.ts';
import { parseRequestId } from '../../src/domain/request-id.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../../scripts/servers/cluster.ts';
import type { ServerProcess } from '../../scripts/servers/server-process.ts';
import {
  ask,
  askPatiently,
  assertProblem,
  cancel,
  read,
  unavailableCode,
  type Ask,
  type Reply,
  type Target,
} from './api.ts';
import { until } from './until.ts';

/** For tests that wait for a lease to run out. Replicas with it are held up now and then, and answer 503 for a moment. */
export const SHORT_LEASE = { FAIRSIEVE_LEASE_MS: '1500' } as const;

export function startTestCluster(replicas: number, env: ClusterOptions['env'] = {}): Promise<Cluster> {
  return startCluster({
    replicas,
    env: {
      FAIRSIEVE_LOG_LEVEL: 'info',
      FAIRSIEVE_WORKERS: '1',
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

/** Resolves when the balancer, or a replica, takes work. */
export async function untilReady(target: Target): Promise<void> {
  await until(`${target.url} being ready`, async () => (await ask(target, '/readyz')).status === 200);
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

/** Has small numbers kept, with all of their factors told. */
export async function keepValues(
  target: Target,
  numbers: readonly (number | bigint)[],
  query = '',
): Promise<Reply> {
  return until(`${numbers.join(', ')} being kept`, async () => {
    const body = `[${numbers.join(',')}]`;
    const reply = await ask(target, `/values${query}`, { method: 'POST', body });
    // 202: it was held up for longer than it waits.
    if (reply.status === 202 || reply.status === 503) return false;
    read(reply, 200);
    return reply;
  });
}

/** The values with that prime that are kept on any replica, as numbers. */
export function valuesOf(target: Target, prime: number | bigint): Promise<number[]> {
  return valuesAt(target, `/values/${prime}?strict=true`);
}

/** … on those replicas alone that answer. */
export function valuesHere(target: Target, prime: number | bigint): Promise<number[]> {
  return valuesAt(target, `/values/${prime}`);
}

async function valuesAt(target: Target, path: string): Promise<number[]> {
  const values = read<{ readonly value: number }[]>(await askPatiently(target, path), 200);
  return values.map(({ value }) => value);
}

/** What may be said for a moment where a replica is held up, or hands over what is asked for. */
export const MOMENTARY: readonly (string | undefined)[] = [
  'outcome_unknown',
  'shard_absent',
  'replicas_missing',
] satisfies readonly ErrorCode[];

/** The 503 of this code that a request comes to; before it may be said what holds for a moment only. */
export async function unavailable(
  target: Target,
  path: string,
  code: ErrorCode,
  asking: Ask = {},
): Promise<{ readonly problem: ProblemBody; readonly reply: Reply }> {
  const reply = await until(`${code} at ${path}`, async () => {
    const told = await ask(target, path, asking);
    const toldCode = unavailableCode(told);
    if (toldCode === code) return told;
    assert.ok(MOMENTARY.includes(toldCode), `${told.status} ${told.text}`);
    return false;
  });
  return { reply, problem: assertProblem(reply, 503, code) };
}

/** Cancels a request that has not ended. */
export async function untilCancelled(target: Target, requestId: string): Promise<void> {
  await until(`request ${requestId} being cancelled`, async () => {
    const { status, text } = await cancel(target, requestId);
    // 503: it may have been; 409: it has been, by what was answered so before.
    assert.ok([200, 409, 503].includes(status), text);
    return status === 200 || (await found(target, requestId)).status === 'cancelled';
  });
}

/** The request, as soon as whoever holds it answers. */
export async function found(target: Target, requestId: string): Promise<RequestBody> {
  return read<RequestBody>(await askPatiently(target, `/requests/${requestId}`), 200);
}
