/** Redis and NATS that fail: what was acknowledged is kept, what cannot be acknowledged is refused in time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClient } from '@redis/client';
import type { Cluster } from '../scripts/servers/cluster.ts';
import {
  ask,
  assertFactored,
  assertProblem,
  ended,
  look,
  post,
  read,
  running,
  submit,
  type Reply,
} from './support/api.ts';
import {
  clusterOf,
  postValues,
  replicasOf,
  shardOf,
  startTestCluster,
  untilPeers,
  valuesOf,
} from './support/cluster.ts';
import { NumberSource } from './support/number-source.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(13);

// oxlint-disable-next-line typescript/explicit-module-boundary-types, typescript/explicit-function-return-type -- the type has six parameters
async function redisOf(cluster: Cluster, database = 0) {
  const client = createClient({ url: cluster.redis?.url ?? assert.fail(), database });
  await client.connect();
  return client;
}

describe('Redis', () => {
  it('killed under load and started again: nothing acknowledged is lost, each replica has its database again', async () => {
    await using cluster = await startTestCluster(2, { FAIRSIEVE_LEASE_MS: '10000' });
    const shards = await Promise.all(cluster.replicas.map(shardOf));
    const composites = numbers.semiprimes(400, 16);
    const accepted = new Map<string, (typeof composites)[number]>();
    const submitOne = async (composite: (typeof composites)[number], i: number): Promise<void> => {
      if (i === 150) await cluster.redis?.kill().then(() => cluster.redis?.start());
      const target = cluster.replicas[i % 2] ?? assert.fail();
      const reply = await post(target, { number: String(composite.number) }, `caller_${i % 7}`);
      assert.ok(reply.status === 202 || reply.status === 503, `${reply.status} ${reply.text}`);
      if (reply.status === 202)
        accepted.set((JSON.parse(reply.text) as { request_id: string }).request_id, composite);
    };
    // A few at a time, so that some have been accepted when it is killed, and some are under way.
    const rest = composites.entries();
    const client = async (): Promise<void> => {
      for (const [i, composite] of rest) await submitOne(composite, i);
    };
    await Promise.all(Array.from({ length: 32 }, client));
    for (const [id, composite] of accepted) assertFactored(await ended(cluster, id), composite);
    assert.ok(accepted.size > 100, `${accepted.size} were accepted`);
    assert.deepEqual(await Promise.all(cluster.replicas.map(shardOf)), shards);
    const { request_id } = await submit(cluster, 1001n);
    assert.equal((await ended(cluster, request_id)).status, 'done');
  });

  it('without room: new work is refused with 503, what was accepted is finished and can be read', async () => {
    await using cluster = await startTestCluster(1);
    const [replica] = cluster.replicas;
    assert(replica !== undefined);
    const redis = await redisOf(cluster);
    const { request_id: hard } = await submit(replica, numbers.semiprime(62).number);
    const usedBytes = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    await redis.configSet('maxmemory', String(usedBytes + 3 * 2 ** 20));
    const filler = '9'.repeat(900);
    let refusal: Reply | undefined;
    const ids: string[] = [];
    await until('Redis being full', async () => {
      const body = { numbers: Array.from({ length: 500 }, (_, i) => `${filler}${1000 + i}`) };
      // One caller alone may not have all of it.
      const reply = await post(replica, body, `filler ${ids.length}`);
      if (reply.status === 202)
        ids.push(
          ...(JSON.parse(reply.text) as { requests: { request_id: string }[] }).requests.map(
            (r) => r.request_id,
          ),
        );
      else refusal = reply;
      return refusal !== undefined;
    });
    assertProblem(refusal ?? assert.fail(), 503, 'store_full');
    assert.equal((await ended(replica, hard)).status, 'done');
    assert.equal(
      read<{ status: string }>(await ask(replica, `/requests/${ids.at(-1)}`), 200).status !== 'failed',
      true,
    );
    await redis.configSet('maxmemory', '0');
    await until('room again', async () => (await post(replica, { number: '15' })).status === 202);
    await redis.close();
  });

  it('emptied by somebody, or with a foreign key in the place of ours, stops the replica with a clear word', async () => {
    for (const spoil of ['flush', 'foreign'] as const) {
      await using cluster = await startTestCluster(1);
      const [replica] = cluster.replicas;
      assert(replica !== undefined);
      const redis = await redisOf(cluster, await shardOf(replica));
      await redis.set('theirs', 'kept');
      if (spoil === 'flush') await redis.flushAll();
      else await redis.multi().del('fairsieve:lease').set('fairsieve:lease', 'mine').exec();
      await ask(replica, '/requests', {
        method: 'POST',
        headers: { 'x-caller-id': 'a' },
        body: '{"number":15}',
      }).catch(() => undefined);
      const { code } = await replica.ended;
      assert.equal(code, 70);
      assert.match(replica.output, spoil === 'flush' ? /is gone|FLUSH/ : /fairsieve:lease/);
      assert.equal(await redis.get('theirs'), spoil === 'flush' ? null : 'kept');
      await redis.close();
    }
  });

  it('silent while a replica stops: that one ends all the same, in the time that it is given', async () => {
    await using cluster = await startTestCluster(1, { FAIRSIEVE_DRAIN_MS: '0' });
    const [replica] = cluster.replicas;
    assert(replica !== undefined);
    const hard = numbers.semiprime(58);
    const { request_id } = await submit(replica, hard.number);
    await running(replica, request_id);
    cluster.redis?.pause();
    const underWay = post(replica, { number: '15' }).catch(() => undefined);
    const { signal } = await replica.stop();
    assert.equal(signal, null, replica.output);
    await underWay;
    cluster.redis?.resume();
    await replica.start();
    assertFactored(await ended(replica, request_id), hard);
  });
});

describe('NATS', () => {
  it('killed and started again: each replica goes on with its own, and what others missed they are told', async () => {
    await using cluster = await startTestCluster(2);
    const [first, second] = replicasOf(cluster, 2);
    await postValues(second, [91, 77]);
    const theirs = await submit(second, 1001n);
    await ended(second, theirs.request_id);
    await cluster.nats?.kill();
    await until('the other one being missed', async () => (await clusterOf(first)).peers.length === 0);
    const own = await submit(first, 1003n);
    assert.equal((await ended(first, own.request_id)).status, 'done');
    assertProblem(await ask(first, `/requests/${theirs.request_id}`), 503, 'shard_absent');
    assert.equal((await postValues(first, [91], '?ttl=1')).status, 200);
    assert.equal((await postValues(first, [77], '?ttl=3600')).status, 200);
    await cluster.nats?.start();
    await untilPeers([first, second], 1);
    assert.equal((await look(first, theirs.request_id)).status, 'done');
    await until('91 being told of', async () => (await valuesOf(second, 13)).length === 0);
    assert.deepEqual(await valuesOf(second, 11), [77]);
  });
});
