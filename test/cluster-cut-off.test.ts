/** One replica that is cut off, from Redis, from NATS, or from the course of time: what it says itself, and what the others say of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { RequestPage } from '../src/contract/request-page.ts';
import {
  ask,
  assertProblem,
  cancel,
  ended,
  look,
  post,
  read,
  running,
  submit,
  type Ask,
  type Reply,
  type Target,
} from './support/api.ts';
import {
  clusterOf,
  LEASE_MS,
  postValues,
  replicasOf,
  shardOf,
  startTestCluster,
  untilPeers,
  valuesOf,
} from './support/cluster.ts';
import { Wire } from './support/cut-off.ts';
import { NumberSource } from './support/number-source.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(14);
/** Two seconds are promised; test machines are slow. */
const WITHIN_MS = 2_500;

function askInTime(target: Target, route: string, asking: Ask = {}): Promise<Reply> {
  return ask(target, route, { ...asking, withinMs: WITHIN_MS });
}

function postInTime(target: Target): Promise<Reply> {
  return askInTime(target, '/requests', {
    method: 'POST',
    headers: { 'x-caller-id': 'acme' },
    body: '{"number":15}',
  });
}

/** Fails unless it is said that the request may be on what does not answer, and on what. */
function assertAbsent(reply: Reply, what: string | number): void {
  const { detail } = assertProblem(reply, 503, 'shard_absent');
  assert.match(detail, new RegExp(`\\b${what}\\b`));
  assert.ok(Number(reply.headers.get('retry-after')) >= 1);
}

async function requestIds(target: Target): Promise<[ids: Set<string>, replicas: RequestPage['replicas']]> {
  const { requests, replicas } = read<RequestPage>(await askInTime(target, '/requests'), 200);
  return [new Set(requests.map(({ request_id }) => request_id)), replicas];
}

describe('a replica that is cut off from Redis alone', () => {
  it('refuses in time, tells what it remembers while its lease lasts and nothing after, and goes on once it is back', async () => {
    await using cluster = await startTestCluster(1);
    await using wire = await Wire.to(cluster.redis?.port ?? assert.fail());
    const replica = await cluster.add({ FAIRSIEVE_REDIS_PORT: String(wire.port) });
    const shard = await shardOf(replica);
    const { request_id } = await submit(replica, 1001n);
    await ended(replica, request_id);
    wire.cut();
    assert.equal((await look(replica, request_id)).status, 'done');
    const beganMs = performance.now();
    await until('a refusal', async () => {
      const reply = await postInTime(replica);
      assert.equal(reply.status, 503, reply.text);
      return performance.now() - beganMs > 2 * LEASE_MS;
    });
    assert.equal((await askInTime(replica, '/readyz')).status, 503);
    // Another one may have it, and have changed it: nothing is told, and nothing is said to be nowhere.
    assertProblem(await askInTime(replica, `/requests/${request_id}`), 503, 'outcome_unknown');
    for (const route of ['/requests', '/values/7', `/requests/${request_id.slice(0, -4)}0000`]) {
      const reply = await askInTime(replica, route);
      assertProblem(reply, 503, reply.text.includes('shard_absent') ? 'shard_absent' : 'outcome_unknown');
    }
    wire.mend();
    const again = await until('it accepting again', async () => {
      const reply = await post(replica, { number: '21' });
      return reply.status === 202 && (JSON.parse(reply.text) as { request_id: string }).request_id;
    });
    assert.equal((await ended(replica, again)).status, 'done');
    assert.equal((await look(replica, request_id)).status, 'done');
    assert.equal(await shardOf(replica), shard);
  });
});

describe('a replica that is cut off from NATS alone', () => {
  it('goes on with its own; what it has is missed by the others and never said to be nowhere; then it is told what it missed', async () => {
    await using cluster = await startTestCluster(2);
    await using wire = await Wire.to(cluster.nats?.port ?? assert.fail());
    const [first, second] = replicasOf(cluster, 2);
    const third = await cluster.add({ FAIRSIEVE_NATS_URL: `nats://127.0.0.1:${wire.port}` });
    const all = [first, second, third];
    await untilPeers(all, 2);
    const [one, two, three] = await Promise.all(all.map(shardOf));
    const ids = await Promise.all(
      all.map(async (replica) => {
        const { request_id } = await submit(replica, 1001n);
        await ended(replica, request_id);
        return request_id;
      }),
    );
    const [ofFirst = '', , ofThird = ''] = ids;
    await postValues(third, [91, 77]);
    await postValues(first, [65]);
    wire.cut();

    // Before anybody has noticed, and after.
    assertAbsent(await askInTime(first, `/requests/${ofThird}`), `(replica-3|shard ${three})`);
    assertAbsent(await askInTime(third, `/requests/${ofFirst}`), `(replica-1|shard ${one})`);
    await until('each side missing the other', async () => {
      const others = await Promise.all(all.map(async (replica) => (await clusterOf(replica)).peers.length));
      return others.join() === '1,1,0';
    });
    assertAbsent(await askInTime(second, `/requests/${ofThird}`), three ?? '');
    assertAbsent(await askInTime(third, `/requests/${ofFirst}`), one ?? '');
    assertAbsent(await cancelInTime(first, ofThird), three ?? '');

    // Its own work, and that of the others, goes on; the balancer gives work to all of them.
    assert.equal((await look(third, ofThird)).status, 'done');
    const own = read<{ request_id: string }>(await postInTime(third), 202).request_id;
    assert.equal((await ended(third, own)).status, 'done');
    for (const replica of all) assert.equal((await askInTime(replica, '/readyz')).status, 200);
    assert.deepEqual((await clusterOf(first)).orphans, [three]);
    assert.deepEqual(new Set((await clusterOf(third)).orphans), new Set([one, two]));
    for (let i = 0; i < 9; i++) assert.equal((await postInTime(cluster)).status, 202);

    // What is put together says what is missing.
    const [listed, replicas] = await requestIds(first);
    assert.ok(listed.has(ofFirst) && !listed.has(ofThird));
    assert.deepEqual(replicas, { expected: 3, answered: 2, missing: [`shard ${three}`] });
    const [listedThere, replicasThere] = await requestIds(third);
    assert.ok(listedThere.has(ofThird) && !listedThere.has(ofFirst));
    assert.deepEqual([replicasThere?.expected, replicasThere?.answered], [3, 1]);
    assertProblem(await askInTime(first, '/requests?strict=true'), 503, 'replicas_missing');
    const values = await askInTime(first, '/values/13');
    assert.deepEqual(
      [values.status, values.headers.get('replicas')],
      [200, `expected=3, answered=2, missing=("shard ${three}")`],
    );
    assert.deepEqual(await valuesOf(third, 13), [91]);
    assertProblem(await askInTime(third, '/values/13?strict=true'), 503, 'replicas_missing');

    // Renewals are taken, and told when it is back.
    for (const [replica, number, ttl] of [
      [first, 91, 1],
      [first, 77, 3_600],
      [third, 65, 1],
    ] as const)
      assert.equal((await postValues(replica, [number], `?ttl=${ttl}`)).status, 200);
    wire.mend();
    await untilPeers(all, 2);
    assert.equal((await look(first, ofThird)).status, 'done');
    assert.equal((await look(third, ofFirst)).status, 'done');
    const [listedAgain, replicasAgain] = await requestIds(second);
    assert.ok(ids.every((id) => listedAgain.has(id)));
    assert.deepEqual(replicasAgain, { expected: 3, answered: 3, missing: [] });
    await until('91 being told of', async () => (await valuesOf(first, 13)).every((each) => each !== 91));
    await until('65 being told of', async () => !(await valuesOf(third, 5)).includes(65));
    assert.deepEqual(await valuesOf(third, 11), [77]);
    assert.deepEqual((await clusterOf(cluster)).orphans, []);
  });
});

describe('a replica that stood still beyond its lease, and hears nothing of the others', () => {
  it('tells nothing of what it remembers once another one may have its database', async () => {
    await using cluster = await startTestCluster(1);
    await using toNats = await Wire.to(cluster.nats?.port ?? assert.fail());
    await using toRedis = await Wire.to(cluster.redis?.port ?? assert.fail());
    const stale = await cluster.add({
      FAIRSIEVE_NATS_URL: `nats://127.0.0.1:${toNats.port}`,
      FAIRSIEVE_REDIS_PORT: String(toRedis.port),
    });
    const { request_id: id } = await submit(stale, numbers.semiprime(75).number);
    await running(stale, id);
    const shard = await shardOf(stale);
    toNats.cut();
    stale.pause();
    // Or it would sometimes learn from Redis what has happened before it answers anybody, and sometimes not.
    toRedis.cut();
    const taker = await cluster.add();
    assert.equal(await shardOf(taker), shard);
    assert.equal((await cancel(taker, id)).status, 200);
    // They lie at its door, and are the first that it meets.
    const asked = await Promise.all(Array.from({ length: 50 }, () => send(stale, `/requests/${id}`)));
    stale.resume();
    const replies = await Promise.all(asked.map(({ reply }) => reply));
    assert.deepEqual(
      replies.filter((reply) => reply !== '' && !reply.startsWith('HTTP/1.1 503 ')),
      [],
    );
    toRedis.mend();
    const { code } = await stale.ended;
    assert.equal(code, 70, stale.output);
    assert.equal((await look(cluster, id)).status, 'cancelled');
  });
});

/** Sends a request, whether it is taken in or not. `reply`: the text of the answer, empty where none comes. */
async function send(target: Target, route: string): Promise<{ readonly reply: Promise<string> }> {
  const { hostname, port } = new URL(target.url);
  const socket = net.connect(Number(port), hostname);
  await once(socket, 'connect');
  const reply = text(socket).catch(() => '');
  const head = `GET ${route} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`;
  await new Promise((resolve) => socket.write(head, resolve));
  return { reply };
}

function cancelInTime(target: Target, id: string): Promise<Reply> {
  return askInTime(target, `/requests/${id}`, { method: 'DELETE' });
}
