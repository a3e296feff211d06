/** Replicas that are killed, paused or cut off: nothing that was accepted is lost, and no two of them ever have one database. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { createClient } from '@redis/client';
import { createClient as fairsieve } from '../src/client/client.ts';
import { assertFactored, ended, running, submit, submitAll } from './support/api.ts';
import {
  birthShard,
  clusterOf,
  keepValues,
  replicasOf,
  shardOf,
  SHORT_LEASE,
  startTestCluster,
  unavailable,
  untilPeers,
  untilReady,
  valuesOf,
} from './support/cluster.ts';
import { NumberSource } from './support/number-source.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(12);
const BIN = path.resolve(import.meta.dirname, '../bin/fairsieve.js');

describe('a cluster that crashes', () => {
  it('as a whole, finds all of its work again: every database with data has a replica', async () => {
    await using cluster = await startTestCluster(3, SHORT_LEASE);
    const composites = numbers.semiprimes(30, 45);
    const ids: string[] = [];
    for (const [i, replica] of cluster.replicas.entries()) {
      const own = composites.slice(10 * i, 10 * (i + 1)).map(({ number }) => number);
      ids.push(...(await submitAll(replica, own)).map(({ request_id }) => request_id));
      await keepValues(replica, [11 * (i + 2)]);
    }
    const shards = await Promise.all(cluster.replicas.map(shardOf));
    await Promise.all(cluster.replicas.map((replica) => replica.kill()));
    cluster.replicas.forEach((replica) => replica.begin());
    await Promise.all(cluster.replicas.map((replica) => replica.ready()));
    assert.deepEqual(await Promise.all(cluster.replicas.map(shardOf)), shards, 'each has its own again');
    // The balancer has to notice too.
    await untilReady(cluster);
    for (const [i, id] of ids.entries())
      assertFactored(await ended(cluster, id), composites[i] ?? assert.fail());
    assert.deepEqual(await valuesOf(cluster, 11), [22, 33, 44]);
  });

  it('in part, says which database has nobody, answers 503 for what is there, and has it rescued', async () => {
    await using cluster = await startTestCluster(2, SHORT_LEASE);
    const [first, second] = replicasOf(cluster, 2);
    const hard = numbers.semiprime(66);
    const { request_id: id } = await submit(first, hard.number);
    await running(first, id);
    await keepValues(first, [143]);
    const shard = birthShard(id);
    await first.kill();
    await until('the orphan being named', async () => {
      const { orphans } = await clusterOf(second);
      return orphans?.includes(shard);
    });
    const { reply, problem } = await unavailable(second, `/requests/${id}`, 'shard_absent');
    assert.ok(Number(reply.headers.get('retry-after')) >= 1);
    assert.match(problem.detail, new RegExp(`\\b${shard}\\b`));
    await unavailable(second, '/values/13?strict=true', 'replicas_missing');

    const rescue = spawn(process.execPath, [BIN, 'rescue', '--database', String(shard)], {
      env: {
        ...process.env,
        FAIRSIEVE_STORE: 'redis',
        FAIRSIEVE_REDIS_PORT: String(cluster.redis?.port),
        FAIRSIEVE_NATS_URL: cluster.nats?.url,
        ...SHORT_LEASE,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = Promise.all([text(rescue.stdout), text(rescue.stderr)]);
    assert.deepEqual(await once(rescue, 'exit'), [0, null], (await said).join('\n'));
    assert.match(
      (await said)[0],
      new RegExp(`^handed over all of what database ${shard} holds: \\d+ bytes in \\d+ messages\n$`),
    );
    assertFactored(await ended(second, id), hard);
    assert.deepEqual(await valuesOf(second, 13), [143]);
    await until('no orphan', async () => (await clusterOf(second)).orphans?.length === 0);
  });

  it('under load: a replica killed and started again loses nothing of what the client was told', async () => {
    await using cluster = await startTestCluster(3, SHORT_LEASE);
    const [victim] = replicasOf(cluster, 3);
    const client = fairsieve({ url: cluster.url, callerId: 'acme', concurrency: 64 });
    const composites = numbers.semiprimes(600, 16);
    const submitted = composites.map(async ({ number }, i) => {
      if (i === 200) await victim.kill().then(() => victim.begin());
      return client.submit(number);
    });
    const accepted = await Promise.all(submitted);
    await victim.ready();
    for (const [i, { request_id }] of accepted.entries())
      assertFactored(await ended(cluster, request_id), composites[i] ?? assert.fail());
  });
});

describe('a replica that is paused beyond its lease', () => {
  it('writes nothing into the database that another one has by then, and stops', async () => {
    // It is waited for, and outlasts whatever holds up the others meanwhile.
    await using cluster = await startTestCluster(2, { FAIRSIEVE_LEASE_MS: '6000' });
    const [first, second] = replicasOf(cluster, 2);
    const { request_id } = await submit(first, numbers.semiprime(90).number);
    await running(first, request_id);
    const shard = await shardOf(first);
    first.pause();
    await second.kill();
    // It comes back under another name, and takes the database of the one that is silent or its own of last time.
    const third = await cluster.add();
    const fourth = await cluster.add();
    const taker = (await shardOf(third)) === shard ? third : fourth;
    assert.equal(await shardOf(taker), shard);

    const redis = createClient({
      url: cluster.redis?.url ?? assert.fail(),
      database: shard,
    });
    await redis.connect();
    const lease = async (): Promise<(string | null)[]> => redis.hmGet('fairsieve:lease', ['epoch', 'owner']);
    const taken = await lease();
    first.resume();
    const { code } = await first.ended;
    assert.equal(code, 70, first.output);
    assert.match(first.output, /another|lost/);
    assert.deepEqual(await lease(), taken);
    await redis.close();
    await running(taker, request_id);
  });
});

describe('sixteen replicas', () => {
  it('that start at once all get a database of their own, and the seventeenth is told that there is none', async () => {
    await using cluster = await startTestCluster(16);
    const shards = await Promise.all(cluster.replicas.map(shardOf));
    assert.deepEqual(
      shards.toSorted((a, b) => a - b),
      Array.from({ length: 16 }, (_, i) => i),
    );
    await untilPeers(cluster.replicas, 15);
    await assert.rejects(cluster.add(), /a replica has each of its 16/);
    for (let time = 0; time < 2; time++) {
      await Promise.all(cluster.replicas.slice(0, 16).map((replica) => replica.kill()));
      // Or each would find its own of last time, and nothing would be contested.
      const redis = createClient({ url: cluster.redis?.url ?? assert.fail() });
      await redis.connect();
      await redis.flushAll();
      await redis.close();
      cluster.replicas.slice(0, 16).forEach((replica) => replica.begin());
      await Promise.all(cluster.replicas.slice(0, 16).map((replica) => replica.ready()));
      const again = await Promise.all(cluster.replicas.slice(0, 16).map(shardOf));
      assert.equal(new Set(again).size, 16);
    }
  });
});
