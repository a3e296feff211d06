import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRequestId } from '../../domain/request-id.ts';
import type { ChangeResult, RequestView, Service } from '../service.ts';
import { UnavailableError } from '../unavailable-error.ts';
import { NEVER, openCluster, submit } from './cluster-fixture.ts';

const LONG = 1_000_003n;

function posted(service: Service, numbers: readonly bigint[]): Promise<{ readonly kind: string }> {
  return service.postValues({ callerId: 'acme', numbers }, 1_500, NEVER);
}

test('what a leaving replica held goes on at the others: work, ends, values and keys', async () => {
  await using cluster = await openCluster(0, 1, 2);
  const leaving = cluster.node(1).service;
  await posted(leaving, [101n]);
  const [ended] = await submit(leaving, [91n]);
  assert.ok(ended);
  await leaving.wait(ended.requestId, 5_000, NEVER);
  cluster.gate.shut();
  const idempotency = { key: 'k', fingerprint: 'f' };
  const numbers = Array.from({ length: 200 }, (_, i) => LONG + BigInt(2 * i));
  const queued = await submit(leaving, numbers, { idempotency });
  const { store } = cluster.node(1);
  const waited = cluster.node(0).service.wait(queued.at(-1)?.requestId ?? '', 10_000, NEVER);

  const left = cluster.leave(1);
  assert.equal((await left).left, undefined);
  assert.ok((await left).parcels > 0);
  await assert.rejects(store.stats(), 'its store is closed');
  await waited;

  for (const shard of [0, 2]) {
    const { service } = cluster.node(shard);
    assert.deepEqual(
      (await submit(service, numbers, { idempotency })).map(({ requestId }) => requestId),
      queued.map(({ requestId }) => requestId),
    );
    assert.equal((await service.lookUp(ended.requestId))?.status, 'done');
    for (const { requestId } of queued) {
      const view = await service.wait(requestId, 10_000, NEVER);
      assert.equal(view?.status, 'done');
      assert.deepEqual(view.factors[0]?.prime, BigInt(view.number));
    }
    const values = await service.valuesOf({ callerId: 'acme', prime: 101n, limit: 10 }, NEVER);
    assert.ok(values.kind === 'values' && values.lines.length === 1);
    assert.equal(values.replicas?.missing.length, 0, 'nothing is missing that holds nothing');
  }
  const statuses = (await cluster.node(0).service.list({ limit: 500 })).requests.map(({ status }) => status);
  assert.equal(statuses.length, 201);
  assert.ok(statuses.every((status) => status === 'done'));
});

test('while a replica leaves, whatever it held is found at every moment', async () => {
  await using cluster = await openCluster(0, 1, 2);
  const numbers = Array.from({ length: 2_000 }, (_, i) => LONG + BigInt(2 * i));
  cluster.gate.shut();
  const requests = await submit(cluster.node(1).service, numbers);
  const { service } = cluster.node(0);
  const left = cluster.leave(1);
  const over = new AbortController();
  void left.finally(() => over.abort());
  const missing: (RequestView | undefined)[] = [];
  let found = 0;
  let unavailable = 0;
  for (let i = 0; !over.signal.aborted; i = (i + 97) % requests.length) {
    // Where a replica does not answer in time, that is said.
    const view = await service.lookUp(requests[i]?.requestId ?? '').catch((error: unknown) => {
      assert.ok(error instanceof UnavailableError, String(error));
      return error;
    });
    if (!view) missing.push(requests[i]);
    else if (view instanceof UnavailableError) unavailable++;
    else found++;
  }
  assert.deepEqual(missing, []);
  assert.ok(found > 10 * unavailable, `${found} look-ups were answered, ${unavailable} were not`);
  assert.equal((await left).left, undefined);
});

test('while a replica leaves, its values are told whole at every moment', async () => {
  await using cluster = await openCluster(0, 1, 2);
  const factors = [{ prime: 5n, exponent: 1, certainty: 'proven' } as const];
  const count = 4_000;
  for (let from = 1; from <= count; from += 500) {
    const numbers = Array.from({ length: 500 }, (_, i) => String(5 * (from + i)));
    await cluster.node(1).store.putValues(
      '',
      numbers.map((number) => ({ number, factors, version: 17 })),
    );
  }
  const left = cluster.leave(1);
  const over = new AbortController();
  void left.finally(() => over.abort());
  let readings = 0;
  let broken = 0;
  while (!over.signal.aborted) {
    let told = 0;
    let isWhole = true;
    let after: string | undefined = '0';
    while (after !== undefined) {
      const query = { callerId: 'acme', prime: 5n, after, limit: 700, isKnownPrime: true };
      const page = await cluster.node(0).service.valuesOf(query, NEVER);
      assert(page.kind === 'values');
      told += page.lines.length;
      isWhole &&= page.replicas?.missing.length === 0;
      after = page.next;
    }
    // Where a replica does not answer in time, that is said.
    if (!isWhole) {
      broken++;
      continue;
    }
    assert.equal(told, count, `reading ${readings}`);
    readings++;
  }
  assert.ok(readings > 2 * broken, `${readings} readings were whole, ${broken} were not`);
  assert.equal((await left).left, undefined);
});

test('with nobody else there everything stays, and is taken up by the next owner', async () => {
  await using cluster = await openCluster(3);
  cluster.gate.shut();
  const requests = await submit(cluster.node(3).service, [LONG, LONG + 2n]);
  const { left } = await cluster.leave(3);
  assert.match(left ?? '', /no replica is here/);
  cluster.gate.open();
  const service = await cluster.start(3);
  for (const { requestId } of requests)
    assert.equal((await service.wait(requestId, 10_000, NEVER))?.status, 'done');
});

test('nothing is changed on a replica that leaves, so that no change is lost with what it has parted with', async () => {
  await using cluster = await openCluster(0, 1);
  cluster.gate.shut();
  const [request] = await submit(cluster.node(1).service, [LONG]);
  assert.ok(request);
  cluster.node(1).replica.stopAccepting();
  for (const change of ['cancel', 'resume', 'redeliver'] as const) {
    const result: ChangeResult = await cluster.node(0).service[change](request.requestId);
    assert.ok(result.kind === 'unavailable' && result.code === 'stopping', `${change}: ${result.kind}`);
  }
});

test('a change of what a leaving replica has handed over, or never had, is answered by those who stay', async () => {
  await using cluster = await openCluster(0, 1, 2);
  const leaver = cluster.node(1);
  const [request] = await submit(leaver.service, [91n]);
  assert.ok(request);
  await leaver.service.wait(request.requestId, 5_000, NEVER);
  leaver.replica.stopAccepting();
  leaver.cluster.leave();
  const nowhere = formatRequestId({ seq: 4096 * 16 + 1, token: '0'.repeat(16) });
  assert.equal((await cluster.node(0).service.cancel(nowhere)).kind, 'not_found');
  const parcel = await leaver.store.parcel();
  assert.ok(parcel);
  const answered = async (): Promise<void> => {
    for (const shard of [0, 1, 2]) {
      const result: ChangeResult = await cluster.node(shard).service.cancel(request.requestId);
      assert.equal(result.kind, 'refused', `asked at ${shard}: it has ended`);
    }
  };
  await cluster.node(2).store.adopt(parcel.bytes);
  await answered();
  await leaver.store.partWith(parcel);
  await answered();
});

test('what a crashed replica held is rescued by a process that has its shard for a moment', async () => {
  await using cluster = await openCluster(0, 1);
  const lost = cluster.node(1).service;
  await posted(lost, [101n]);
  cluster.gate.shut();
  const requests = await submit(lost, [LONG, LONG + 2n]);
  await cluster.crash(1);
  assert.equal((await cluster.rescue(1)).left, undefined);
  const { service } = cluster.node(0);
  for (const { requestId } of requests)
    assert.equal((await service.wait(requestId, 10_000, NEVER))?.status, 'done');
  const values = await service.valuesOf({ callerId: 'acme', prime: 101n, limit: 10 }, NEVER);
  assert.ok(values.kind === 'values' && values.lines.length === 1);
});
