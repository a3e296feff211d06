/** Values over several replicas: found wherever they are kept, and kept as the latest POST says, wherever that came in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askPatiently, read } from './support/api.ts';
import {
  keepValues,
  replicasOf,
  SHORT_LEASE,
  startTestCluster,
  unavailable,
  untilPeers,
  valuesHere,
  valuesOf,
} from './support/cluster.ts';
import { until } from './support/until.ts';

describe('values in a cluster', () => {
  it('are found from every replica, ascending, each once', async () => {
    await using cluster = await startTestCluster(3);
    const [first, second, third] = replicasOf(cluster, 3);
    assert.equal(
      (await keepValues(first, [144, 120])).text,
      '[{"value":144,"prime_factors":[2,2,2,2,3,3]},{"value":120,"prime_factors":[2,2,2,3,5]}]',
    );
    await keepValues(second, [10n ** 20n, 120, 5]);
    await keepValues(third, [55]);
    for (const replica of [first, second, third]) {
      const reply = await askPatiently(replica, '/values/5?strict=true');
      assert.equal(
        reply.text,
        '[{"value":5,"prime_factors":[5]},{"value":55,"prime_factors":[5,11]},{"value":120,"prime_factors":[2,2,2,3,5]},' +
          `{"value":100000000000000000000,"prime_factors":[${'2,'.repeat(20)}${'5,'.repeat(19)}5]}]`,
      );
      assert.match(reply.headers.get('replicas') ?? '', /expected=3, answered=3/);
    }
    const page = read<{ value: number }[]>(
      await askPatiently(third, '/values/5?limit=2&after=5&strict=true'),
      200,
    );
    assert.deepEqual(
      page.map(({ value }) => value),
      [55, 120],
    );
  });

  it('are kept as the latest POST says, on the replica that has them too', async () => {
    await using cluster = await startTestCluster(2);
    const [first, second] = replicasOf(cluster, 2);
    await keepValues(first, [91], '?ttl=8');
    const hadMs = performance.now();
    await keepValues(second, [91]);
    await keepValues(first, [77]);
    await keepValues(second, [77], '?ttl=1');
    await keepValues(first, [65], '?ttl=1');
    await until('the end of the time of 65', async () => (await valuesOf(first, 5)).length === 0);
    await until('the end of the time of 77', async () => (await valuesOf(first, 11)).length === 0);
    await until('the time being over that 91 had first', () => performance.now() - hadMs > 9_000);
    // What is told now is what the first one alone has.
    await second.kill();
    assert.deepEqual(await valuesHere(first, 13), [91]);
    await unavailable(first, '/values/13?strict=true', 'replicas_missing');
    assert.match(
      (await askPatiently(first, '/values/13')).headers.get('replicas') ?? '',
      /expected=2, answered=1/,
    );
  });

  it('are renewed on a replica that was away, before it is ready again', async () => {
    await using cluster = await startTestCluster(2, SHORT_LEASE);
    const [first, second] = replicasOf(cluster, 2);
    await keepValues(second, [1001, 1003]);
    await keepValues(second, [1007], '?ttl=3600');
    await second.kill();
    await keepValues(first, [1001], '?ttl=1');
    await keepValues(first, [1003], '?ttl=3600');
    await keepValues(first, [1007], '?ttl=1');
    await until('the end of the time of 1001', async () => (await valuesHere(first, 7)).length === 0);
    await second.start();
    for (const [prime, values] of [
      [7, []],
      [13, []],
      [17, [1003]],
      [19, []],
    ] as const)
      assert.deepEqual(await valuesHere(second, prime), values, `multiples of ${prime}`);
    await untilPeers([first, second], 1);
    await first.kill();
    assert.deepEqual(await valuesHere(second, 7), []);
    assert.deepEqual(await valuesHere(second, 17), [1003]);
  });
});
