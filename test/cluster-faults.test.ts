/** Redis and NATS that fail: what was acknowledged is kept, what cannot be acknowledged is refused in time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClient } from '@redis/client';
import type { Cluster } from '../scripts/servers/cluster.ts';
import type { ProblemBody } from '../src/contract/problem-body.ts';
import type { Accepted, AcceptedBatch } from '../src/contract/submission.ts';
import { ask, assertFactored, ended, post, read, running, submit } from './support/api.ts';
import {
  clusterOf,
  found,
  keepValues,
  replicasOf,
  shardOf,
  SHORT_LEASE,
  startTestCluster,
  unavailable,
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
    await using cluster = await startTestCluster(2);
    const shards = await Promise.all(cluster.replicas.map(shardOf));
    const composites = numbers.semiprimes(400, 16);
    const accepted = new Map<string, (typeof composites)[number]>();
    let restarted: Promise<void> | undefined;
    const restart = async (): Promise<void> => {
      await cluster.redis?.kill();
      await cluster.redis?.start();
    };
    const submitOne = async (composite: (typeof composites)[number], i: number): Promise<boolean> => {
      const target = cluster.replicas[i % 2] ?? assert.fail();
      const reply = await post(target, { number: String(composite.number) }, `caller_${i % 7}`);
      if (reply.status === 503) return false;
      accepted.set(read<Accepted>(reply, 202).request_id, composite);
      if (accepted.size === 100) restarted = restart();
      return true;
    };
    // A few at a time, so that some have been accepted when it is killed, and some are under way.
    const rest = composites.entries();
    const client = async (): Promise<void> => {
      for (const [i, composite] of rest)
        await until(`number ${i} being accepted`, () => submitOne(composite, i), 60_000);
    };
    await Promise.all(Array.from({ length: 32 }, client));
    await (restarted ?? assert.fail('it was not killed'));
    for (const [id, composite] of accepted) assertFactored(await ended(cluster, id), composite);
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
    let fillers = 0;
    const ids: string[] = [];
    await until('Redis being full', async () => {
      const body = { numbers: Array.from({ length: 500 }, (_, i) => `${filler}${1000 + i}`) };
      // One caller alone may not have all of it.
      const reply = await post(replica, body, `filler ${fillers++}`);
      if (reply.status === 202) {
        ids.push(...read<AcceptedBatch>(reply, 202).requests.map(({ request_id }) => request_id));
        return false;
      }
      // Of another code it says only that something was held up for a moment.
      return read<ProblemBody>(reply, 503).code === 'store_full';
    });
    assert.equal((await ended(replica, hard)).status, 'done');
    assert.notEqual((await found(replica, ids.at(-1) ?? assert.fail())).status, 'failed');
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
    await using cluster = await startTestCluster(1, { ...SHORT_LEASE, FAIRSIEVE_DRAIN_MS: '0' });
    const [replica] = cluster.replicas;
    assert(replica !== undefined);
    const hard = numbers.semiprime(66);
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
    await keepValues(second, [91, 77]);
    const theirs = await submit(second, 1001n);
    await ended(second, theirs.request_id);
    await cluster.nats?.kill();
    await until('the other one being missed', async () => (await clusterOf(first)).peers.length === 0);
    const own = await submit(first, 1003n);
    assert.equal((await ended(first, own.request_id)).status, 'done');
    await unavailable(first, `/requests/${theirs.request_id}`, 'shard_absent');
    await keepValues(first, [91], '?ttl=1');
    await keepValues(first, [77], '?ttl=3600');
    await cluster.nats?.start();
    await untilPeers([first, second], 1);
    assert.equal((await found(first, theirs.request_id)).status, 'done');
    await until('91 being told of', async () => (await valuesOf(second, 13)).length === 0);
    assert.deepEqual(await valuesOf(second, 11), [77]);
  });
});
