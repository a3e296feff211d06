import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../test/support/until.ts';
import { numberOfLine } from '../../domain/value-line.ts';
import type { Service, ValuesOfResult } from '../service.ts';
import { NEVER, openCluster } from './cluster-fixture.ts';

/** For the workers of these tests every number is prime, so it is found under itself. */
const NUMBER = 101n;
const LONG = 1_000_003n;

function post(
  service: Service,
  numbers: readonly bigint[],
  ttlMs?: number,
): Promise<{ readonly kind: string }> {
  return service.postValues(
    { callerId: 'acme', numbers, ...(ttlMs !== undefined && { ttlMs }) },
    1_500,
    NEVER,
  );
}

async function keptUnder(service: Service, prime: bigint, limit = 10): Promise<string[]> {
  const found = await service.valuesOf({ callerId: 'acme', prime, limit }, NEVER);
  assert(found.kind === 'values', found.kind);
  return found.lines.map(numberOfLine);
}

test('values of all replicas are found on each, each number once', async () => {
  await using cluster = await openCluster(0, 1, 2);
  for (const shard of [0, 2, 1])
    assert.equal((await post(cluster.node(shard).service, [NUMBER])).kind, 'values');
  for (const shard of [0, 1, 2])
    assert.deepEqual(await keptUnder(cluster.node(shard).service, NUMBER), [String(NUMBER)]);
  const none: ValuesOfResult = await cluster
    .node(1)
    .service.valuesOf({ callerId: 'acme', prime: 103n, limit: 10 }, NEVER);
  assert.deepEqual(none, {
    kind: 'values',
    lines: [],
    replicas: { expected: 3, answered: 3, missing: [] },
  });
  const composite = await cluster
    .node(1)
    .service.valuesOf({ callerId: 'acme', prime: 105n, limit: 10 }, NEVER);
  assert.equal(composite.kind, 'not_prime');
});

test('the latest POST decides how long a number is kept, on every replica that has it', async () => {
  await using cluster = await openCluster(0, 1);
  const [a, b] = [cluster.node(0), cluster.node(1)];
  const terms = async (store: typeof a.store): Promise<number | undefined> =>
    (await store.values('', [String(NUMBER)], Date.now()))[0]?.expiresAtMs;
  await post(a.service, [NUMBER], 3_600_000);
  assert.ok(await terms(a.store));
  // At once, or where a commit takes its time, by way of the outbox.
  await post(b.service, [NUMBER]);
  await until('it is permanent there, too', async () => (await terms(a.store)) === undefined);
  await post(a.service, [NUMBER], 60_000);
  const here = await terms(a.store);
  assert.ok(here !== undefined);
  await until('the other has the same terms', async () => (await terms(b.store)) === here);
});

test('a replica that was away has the terms given meanwhile when it is ready, though its value had expired by then', async () => {
  await using cluster = await openCluster(0, 1);
  await post(cluster.node(1).service, [NUMBER], 900);
  await cluster.crash(1);
  const { service, store } = cluster.node(0);
  await post(service, [NUMBER]);
  assert.deepEqual(await store.renewalShards(), [1]);
  await new Promise((resolve) => setTimeout(resolve, 900));
  await cluster.start(1);
  const [kept] = await cluster.node(1).store.values('', [String(NUMBER)], Date.now());
  assert.ok(kept && kept.expiresAtMs === undefined, 'it is permanent as soon as that replica is ready');
  assert.deepEqual(await store.renewalShards(), []);
});

test('while a replica is missing, that is said with what the others keep', async () => {
  await using cluster = await openCluster(0, 1);
  await post(cluster.node(0).service, [NUMBER]);
  await cluster.crash(1);
  const found = await cluster.node(0).service.valuesOf({ callerId: 'acme', prime: NUMBER, limit: 10 }, NEVER);
  assert(found.kind === 'values', found.kind);
  assert.equal(found.lines.length, 1);
  assert.deepEqual(found.replicas, { expected: 2, answered: 1, missing: ['replica-1'] });
});

test('a batch of values can be asked for anywhere, and is whole though its requests are on several replicas', async () => {
  await using cluster = await openCluster(0, 1, 2);
  cluster.gate.shut();
  const posted = await cluster
    .node(2)
    .service.postValues({ callerId: 'acme', numbers: [LONG, NUMBER, LONG + 2n] }, 50, NEVER);
  assert(posted.kind === 'unfinished', posted.kind);
  const { service } = cluster.node(0);
  const early = await service.valuesBatch(posted.batchId, 0, NEVER);
  assert.equal(early.kind, 'unfinished');
  cluster.gate.open();
  const done = await service.valuesBatch(posted.batchId, 5_000, NEVER);
  assert(done.kind === 'values', done.kind);
  assert.deepEqual(
    done.values.map(({ number }) => number),
    [String(LONG), String(NUMBER), String(LONG + 2n)],
  );
  // As after a handing over that was refused half-way.
  const { store } = cluster.node(2);
  const [first] = (await cluster.node(2).replica.list({ limit: 10 })).requests;
  assert.ok(first);
  const parcel = await store.parcel();
  assert.ok(parcel);
  await cluster.node(1).store.adopt(parcel.bytes);
  await store.partWith(parcel);
  assert.equal((await service.valuesBatch(posted.batchId, 0, NEVER)).kind, 'values');
  assert.equal((await service.valuesBatch(`${posted.batchId}0`, 0, NEVER)).kind, 'not_found');
});

test('a page of values goes on where the one before ended, whichever replica is asked', async () => {
  await using cluster = await openCluster(0, 1);
  const factors = [{ prime: 5n, exponent: 1, certainty: 'proven' } as const];
  const numbers = Array.from({ length: 25 }, (_, i) => String(5 * (i + 1)));
  for (const shard of [0, 1]) {
    const mine = numbers.filter((_, i) => i % 2 === shard || i % 3 === 0);
    await cluster.node(shard).store.putValues(
      '',
      mine.map((number) => ({ number, factors, version: 16 + shard })),
    );
  }
  const told: string[] = [];
  for (let after: string | undefined = '0', page = 0; after !== undefined; page++) {
    assert.ok(page < 25);
    const found: ValuesOfResult = await cluster
      .node(page % 2)
      .service.valuesOf({ callerId: 'acme', prime: 5n, after, limit: 4 }, NEVER);
    assert(found.kind === 'values');
    told.push(...found.lines.map(numberOfLine));
    after = found.next;
  }
  assert.deepEqual(told, numbers);
});
