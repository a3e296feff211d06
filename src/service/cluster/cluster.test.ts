import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../../../test/support/until.ts';
import { within } from '../../base/within.ts';
import { formatRequestId } from '../../domain/request-id.ts';
import { UnavailableError } from '../unavailable-error.ts';
import type { RequestView } from '../service.ts';
import { NEVER, openCluster, submit } from './cluster-fixture.ts';

/** Takes several slices, while the gate lets it. */
const LONG = 1_000_003n;
const SHORT = 91n;

function isAbsent(error: unknown): boolean {
  return error instanceof UnavailableError && error.code === 'shard_absent';
}

function only<T>(items: readonly T[]): T {
  const [item] = items;
  assert.ok(item !== undefined && items.length === 1);
  return item;
}

describe('whichever replica is asked', () => {
  test('a request is found, waited for and watched on the one that has it', async () => {
    await using cluster = await openCluster(0, 5, 15);
    cluster.gate.shut();
    const { requestId } = only(await submit(cluster.node(5).service, [LONG]));
    const other = cluster.node(15).service;
    assert.equal((await other.lookUp(requestId))?.callerId, 'acme');
    const seen: RequestView[] = [];
    const watching = (async () => {
      for await (const view of cluster.node(0).service.watch(requestId, NEVER)) seen.push(view);
    })();
    const waited = other.wait(requestId, 5_000, NEVER);
    await until('what is watched is told', () => seen.length > 0);
    const early = await other.wait(requestId, 50, NEVER);
    assert.notEqual(early?.status, 'done', 'a wait is over when its time is');
    cluster.gate.open();
    assert.equal((await waited)?.status, 'done');
    await watching;
    assert.equal(seen.at(-1)?.status, 'done');
    assert.ok(seen.length >= 2, 'what is watched is told as it changes');
    assert.equal(seen.at(-1)?.factors[0]?.prime, LONG);
  });

  test('a request is cancelled, and what it refuses is refused', async () => {
    await using cluster = await openCluster(0, 1);
    cluster.gate.shut();
    const { requestId } = only(await submit(cluster.node(0).service, [LONG]));
    const { service } = cluster.node(1);
    const cancelled = await service.cancel(requestId);
    assert.ok(cancelled.kind === 'changed' && cancelled.request.status === 'cancelled');
    assert.equal((await service.cancel(requestId)).kind, 'refused');
    assert.equal((await service.redeliver(requestId)).kind, 'refused');
    assert.equal((await service.resume(requestId)).kind, 'refused');
  });

  test('what is nowhere is not found, by id and with changes', async () => {
    await using cluster = await openCluster(0, 1);
    const nowhere = formatRequestId({ seq: 4096 * 16 + 1, token: '0'.repeat(16) });
    assert.equal(await cluster.node(0).service.lookUp(nowhere), undefined);
    assert.equal(await cluster.node(0).service.lookUp('nonsense'), undefined);
    assert.equal((await cluster.node(0).service.cancel(nowhere)).kind, 'not_found');
  });

  test('requests of all are listed together, newest first, with word of who is missing', async () => {
    await using cluster = await openCluster(0, 1, 2);
    const made: string[] = [];
    for (const shard of [0, 1, 2, 1, 0]) {
      made.unshift(only(await submit(cluster.node(shard).service, [SHORT])).requestId);
    }
    const { service } = cluster.node(0);
    const all = await service.list({ limit: 10 });
    assert.deepEqual(
      all.requests.map(({ requestId }) => requestId),
      made,
    );
    assert.deepEqual(all.replicas, { expected: 3, answered: 3, missing: [] });
    const first = await service.list({ limit: 2 });
    const rest = await cluster.node(2).service.list({ limit: 10, cursor: first.next ?? '' });
    const paged = [...first.requests, ...rest.requests].map(({ requestId }) => requestId);
    assert.deepEqual(paged, made, 'a page goes on where the one before ended, on another replica too');
    await cluster.crash(2);
    const part = await service.list({ limit: 10 });
    assert.deepEqual(part.replicas, { expected: 3, answered: 2, missing: ['replica-2'] });
    assert.equal(part.requests.length, 4);
  });
});

test('what a replica remembers of a shard that another one may have by now is told to nobody', async () => {
  await using cluster = await openCluster(0, 1);
  cluster.gate.shut();
  const { requestId } = only(await submit(cluster.node(1).service, [LONG]));
  const other = cluster.node(0).service;
  assert.equal((await other.lookUp(requestId))?.requestId, requestId);
  cluster.stale.add(1);
  await assert.rejects(other.lookUp(requestId), isAbsent);
  await assert.rejects(other.wait(requestId, 100, NEVER), isAbsent);
  cluster.stale.delete(1);
  assert.equal((await other.lookUp(requestId))?.requestId, requestId);
});

describe('a change is asked for once', () => {
  test('by a replica that takes its time', async () => {
    await using cluster = await openCluster(0, 1);
    cluster.gate.shut();
    const { requestId } = only(await submit(cluster.node(1).service, [LONG]));
    const { replica } = cluster.node(1);
    const cancel = replica.cancel.bind(replica);
    let asked = 0;
    replica.cancel = async (id) => {
      asked++;
      // Longer than it takes to be asked again.
      await cluster.clock.sleep(600);
      return cancel(id);
    };
    assert.equal((await cluster.node(0).service.cancel(requestId)).kind, 'changed');
    assert.equal(asked, 1);
  });

  test('where the replica does not answer, whose outcome is then not known', async () => {
    await using cluster = await openCluster(0, 1, 2);
    const { requestId } = only(await submit(cluster.node(1).service, [SHORT]));
    let asked = 0;
    cluster.node(1).replica.resume = () => {
      asked++;
      return new Promise(() => undefined);
    };
    const startMs = cluster.clock.monotonicMs();
    await assert.rejects(
      cluster.node(0).service.resume(requestId),
      (error) => error instanceof UnavailableError && error.code === 'outcome_unknown',
    );
    assert.ok(cluster.clock.monotonicMs() - startMs < 1_850, 'in time for its client');
    assert.equal(asked, 1);
  });

  test('of what was handed over, by the replica that has it now', async () => {
    await using cluster = await openCluster(0, 1, 2);
    const { requestId } = only(await submit(cluster.node(1).service, [SHORT]));
    await cluster.node(1).service.wait(requestId, 5_000, NEVER);
    assert.equal((await cluster.leave(1)).left, undefined);
    const results = await Promise.all(
      [0, 2].map((shard) => cluster.node(shard).service.redeliver(requestId)),
    );
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['refused', 'refused'],
    );
  });
});

test('what may be on a shard that does not answer is not said to be nowhere, and is found once that is back', async () => {
  await using cluster = await openCluster(0, 1, 2);
  const { requestId } = only(await submit(cluster.node(1).service, [SHORT]));
  await cluster.node(1).service.wait(requestId, 5_000, NEVER);
  await cluster.crash(1);
  const { service } = cluster.node(0);
  await assert.rejects(service.lookUp(requestId), isAbsent);
  await assert.rejects(service.cancel(requestId), /replica-1/);
  const { orphans } = await cluster.node(0).cluster.status();
  assert.deepEqual(orphans, [], 'it is missed only after a moment');
  await cluster.start(1);
  assert.equal((await service.lookUp(requestId))?.status, 'done');
});

test('whoever watches a request whose replica crashes is told of its end once that is back', async () => {
  await using cluster = await openCluster(0, 1);
  cluster.gate.shut();
  const { requestId } = only(await submit(cluster.node(1).service, [LONG]));
  const seen: string[] = [];
  const begun = Promise.withResolvers<void>();
  const watching = (async () => {
    for await (const { status } of cluster.node(0).service.watch(requestId, NEVER)) {
      seen.push(status);
      begun.resolve();
    }
  })();
  await begun.promise;
  await cluster.crash(1);
  await cluster.start(1);
  await watching;
  assert.equal(seen.at(-1), 'done');
});

test('the status names who is here, and shards that hold data and have nobody', async () => {
  await using cluster = await openCluster(0, 1, 2);
  const left = await cluster.leave(2);
  assert.equal(left.left, undefined);
  await cluster.crash(1);
  await cluster.clock.sleep(2_100);
  const status = await cluster.node(0).cluster.status();
  assert.deepEqual(status, {
    shard: 0,
    name: 'replica-0',
    stage: 'working',
    peers: [],
    strangers: [],
    orphans: [1],
    unheard: [],
    busConnected: true,
  });
});

describe('an idempotency key', () => {
  const idempotency = { key: 'k', fingerprint: 'f' };

  test('stands for the same requests on every replica, for another body on none', async () => {
    await using cluster = await openCluster(0, 1, 2);
    const numbers = [SHORT, 15n];
    const first = await submit(cluster.node(2).service, numbers, { idempotency });
    for (const shard of [0, 1, 2]) {
      const again = await cluster.node(shard).service.accept({
        callerId: 'acme',
        mode: 'queued',
        numbers,
        idempotency,
      });
      assert.ok(again.kind === 'accepted' && again.replayed, `on replica ${shard}`);
      assert.deepEqual(
        again.requests.map(({ requestId }) => requestId),
        first.map(({ requestId }) => requestId),
      );
    }
    const conflict = await cluster.node(0).service.accept({
      callerId: 'acme',
      mode: 'queued',
      numbers: [7n],
      idempotency: { ...idempotency, fingerprint: 'g' },
    });
    assert.equal(conflict.kind, 'conflict');
    const other = await submit(cluster.node(0).service, numbers, { callerId: 'globex', idempotency });
    assert.notEqual(other[0]?.requestId, first[0]?.requestId, 'keys of callers are their own');
  });

  test('gives one set of requests where it is used on all replicas at once, inline too', async () => {
    await using cluster = await openCluster(0, 1, 2);
    const input = { callerId: 'acme', mode: 'sync', numbers: [SHORT], idempotency } as const;
    const results = await Promise.all(
      [0, 1, 2, 0, 1, 2].map((shard) => cluster.node(shard).service.acceptInline(input, 10_000, NEVER)),
    );
    const ids = results.map((result) => {
      assert(result.kind === 'accepted', result.kind);
      assert.equal(only(result.requests).status, 'done');
      return only(result.requests).requestId;
    });
    assert.equal(new Set(ids).size, 1);
  });

  test('is kept by a replica that has as long as a client may wait, however short that one would', async () => {
    await using cluster = await openCluster(0, 1);
    const first = await submit(cluster.node(1).service, [SHORT], { idempotency });
    const { replica } = cluster.node(1);
    const acceptInline = replica.acceptInline.bind(replica);
    replica.acceptInline = async (...input) => {
      await cluster.clock.sleep(200);
      return acceptInline(...input);
    };
    const input = { callerId: 'acme', mode: 'sync', numbers: [SHORT], idempotency } as const;
    const again = await cluster.node(0).service.acceptInline(input, 0, NEVER);
    assert.ok(again.kind === 'accepted' && again.replayed);
    assert.equal(only(again.requests).requestId, only(first).requestId);
  });

  test('whose replica does not answer makes nothing new on another one', async () => {
    await using cluster = await openCluster(0, 1);
    await submit(cluster.node(1).service, [SHORT], { idempotency });
    cluster.node(1).replica.accept = () => new Promise(() => undefined);
    const { service, store } = cluster.node(0);
    const input = { callerId: 'acme', mode: 'queued', numbers: [SHORT], idempotency } as const;
    await assert.rejects(service.accept(input), isAbsent);
    assert.deepEqual((await store.list({ limit: 10 })).requests, []);
  });
});

test('how things are is told within about a second, though it is not known which shards hold data', async () => {
  await using cluster = await openCluster(0, 1);
  cluster.isRedisSilent = true;
  // What is known already is told for a second.
  await cluster.clock.sleep(1_100);
  const status = cluster.node(0).cluster.status();
  const { orphans, peers, busConnected } = await within(
    2_000,
    status,
    () => assert.fail('it took 2 s'),
    cluster.clock,
  );
  assert.equal(orphans, undefined);
  assert.deepEqual([only(peers).shard, busConnected], [1, true]);
});
