/** Replicas over one Redis that were not given the same NATS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMetrics } from './support/metrics-text.ts';
import { ask } from './support/api.ts';
import {
  clusterOf,
  replicasOf,
  shardOf,
  startTestCluster,
  untilPeers,
  untilReady,
} from './support/cluster.ts';
import { until } from './support/until.ts';

test('a replica without NATS and those that it cannot be heard by say so on both sides, and stay ready', async () => {
  await using cluster = await startTestCluster(2);
  const [first, second] = replicasOf(cluster, 2);
  await untilPeers([first, second], 1);
  const mute = await cluster.add({ FAIRSIEVE_NATS_URL: undefined });
  const [one, two, three] = await Promise.all([first, second, mute].map(shardOf));
  assert(one !== undefined && two !== undefined && three !== undefined);
  for (const [replica, unheard] of [
    [first, [three]],
    [second, [three]],
    [mute, [one, two].toSorted((a, b) => a - b)],
  ] as const) {
    await until(`${replica.name} missing ${unheard.join()}`, async () => {
      return (await clusterOf(replica)).unheard?.join() === unheard.join();
    });
    const notice = new RegExp(`"level":40[^\\n]*not heard: ${unheard.join(', ')}\\.`);
    await until('it being noted', () => notice.test(replica.output));
    const metrics = parseMetrics((await ask(replica, '/metrics')).text);
    assert.equal(metrics.get('fairsieve_cluster_unheard'), unheard.length);
    await untilReady(replica);
  }
  await mute.kill();
  await until('nobody being missed who is gone', async () => {
    return (await clusterOf(first)).unheard?.length === 0;
  });
});
