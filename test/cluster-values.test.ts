/** Values over several replicas: found wherever they are kept, and kept as the latest POST says, wherever that came in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, assertProblem, read } from './support/api.ts';
import { postValues, replicasOf, startTestCluster, untilPeers, valuesOf } from './support/cluster.ts';
import { until } from './support/until.ts';

describe('values in a cluster', () => {
  it('are found from every replica, ascending, each once', async () => {
    await using cluster = await startTestCluster(3);
    const [first, second, third] = replicasOf(cluster, 3);
    assert.equal(
      (await postValues(first, [144, 120])).text,
      '[{"value":144,"prime_factors":[2,2,2,2,3,3]},{"value":120,"prime_factors":[2,2,2,3,5]}]',
    );
    await postValues(second, [10n ** 20n, 120, 5]);
    await postValues(third, [55]);
    for (const replica of [first, second, third]) {
      const reply = await ask(replica, '/values/5');
      assert.equal(
        reply.text,
        '[{"value":5,"prime_factors":[5]},{"value":55,"prime_factors":[5,11]},{"value":120,"prime_factors":[2,2,2,3,5]},' +
          `{"value":100000000000000000000,"prime_factors":[${'2,'.repeat(20)}${'5,'.repeat(19)}5]}]`,
      );
      assert.match(reply.headers.get('replicas') ?? '', /expected=3, answered=3/);
    }
    const page = read<{ value: number }[]>(await ask(third, '/values/5?limit=2&after=5'), 200);
    assert.deepEqual(
      page.map(({ value }) => value),
      [55, 120],
    );
  });

  it('are kept as the latest POST says, on the replica that has them too', async () => {
    await using cluster = await startTestCluster(2);
    const [first, second] = replicasOf(cluster, 2);
    const beganMs = performance.now();
    await postValues(first, [91], '?ttl=2');
    await postValues(second, [91]);
    await postValues(first, [77]);
    await postValues(second, [77], '?ttl=1');
    await postValues(first, [65], '?ttl=1');
    await until('the end of the time of 65', async () => (await valuesOf(first, 5)).length === 0);
    await until('the end of the time of 77', async () => (await valuesOf(first, 11)).length === 0);
    // What the first one alone has now, it has for good.
    await second.kill();
    await until('91 outliving the time it had first', async () => {
      assert.deepEqual(await valuesOf(first, 13), [91]);
      return performance.now() - beganMs > 3_000;
    });
    assertProblem(await ask(first, '/values/13?strict=true'), 503, 'replicas_missing');
    assert.match((await ask(first, '/values/13')).headers.get('replicas') ?? '', /expected=2, answered=1/);
  });

  it('are renewed on a replica that was away, before it is ready again', async () => {
    await using cluster = await startTestCluster(2);
    const [first, second] = replicasOf(cluster, 2);
    await postValues(second, [1001, 1003]);
    await postValues(second, [1007], '?ttl=3600');
    await second.kill();
    await postValues(first, [1001], '?ttl=1');
    await postValues(first, [1003], '?ttl=3600');
    await postValues(first, [1007], '?ttl=1');
    await until('the end of the time of 1001', async () => (await valuesOf(first, 7)).length === 0);
    await second.start();
    for (const [prime, values] of [
      [7, []],
      [13, []],
      [17, [1003]],
      [19, []],
    ] as const)
      assert.deepEqual(await valuesOf(second, prime), values, `multiples of ${prime}`);
    await untilPeers([first, second], 1);
    await first.kill();
    assert.deepEqual(await valuesOf(second, 7), []);
    assert.deepEqual(await valuesOf(second, 17), [1003]);
  });
});
