/** One replica that is cut off, from Redis, from NATS, or from the course of time: what it says itself, and what the others say of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { RequestPage } from '../src/contract/request-page.ts';
import {
  ask,
  askPatiently,
  assertProblem,
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
  found,
  keepValues,
  replicasOf,
  shardOf,
  startTestCluster,
  unavailable,
  untilCancelled,
  untilPeers,
  untilReady,
  valuesHere,
  valuesOf,
} from './support/cluster.ts';
import { Wire } from './support/cut-off.ts';
import { inTime } from './support/in-time.ts';
import { NumberSource } from './support/number-source.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(14);
/** Half a second more than is promised, on a busy machine. */
const ANSWER_MS_MAX = 2_500;
/** An answer comes at all, while what is cut is still cut. */
const WITHIN_MS = 20_000;
/** Waited for, and longer than whatever holds up a replica that is to keep its own. */
const LEASE_MS = 6_000;

/** The answer in the time that is promised. */
function askInTime(target: Target, route: string, asking: Ask = {}): Promise<Reply> {
  return inTime(ANSWER_MS_MAX, () => ask(target, route, { ...asking, withinMs: WITHIN_MS }));
}

/** Resolves when it is said that the request may be on what does not answer, and on what. */
async function untilAbsent(
  target: Target,
  id: string,
  what: string | number,
  asking: Ask = {},
): Promise<void> {
  const { problem, reply } = await unavailable(target, `/requests/${id}`, 'shard_absent', {
    ...asking,
    withinMs: WITHIN_MS,
  });
  assert.match(problem.detail, new RegExp(`\\b${what}\\b`));
  assert.ok(Number(reply.headers.get('retry-after')) >= 1);
}

/** The ids of all requests, once these of three replicas alone are missing. */
async function requestIds(target: Target, missing: readonly (number | undefined)[]): Promise<Set<string>> {
  const replicas = {
    expected: 3,
    answered: 3 - missing.length,
    missing: missing.map((shard) => `shard ${shard}`).toSorted(),
  };
  const { requests } = await until(`the list without ${replicas.missing.join(' and ')}`, async () => {
    const page = read<RequestPage>(await askPatiently(target, '/requests', { withinMs: WITHIN_MS }), 200);
    const told = page.replicas && { ...page.replicas, missing: page.replicas.missing.toSorted() };
    return isDeepStrictEqual(told, replicas) && page;
  });
  return new Set(requests.map(({ request_id }) => request_id));
}

/** Resolves when that replica takes only these for shards without a replica. */
async function untilOrphans(target: Target, shards: readonly (number | undefined)[]): Promise<void> {
  await until(`${target.url} seeing ${shards.length} orphans`, async () =>
    isDeepStrictEqual(new Set((await clusterOf(target)).orphans), new Set(shards)),
  );
}

describe('a replica that is cut off from Redis alone', () => {
  it('refuses in time, tells what it remembers while its lease lasts and nothing after, and goes on once it is back', async () => {
    await using cluster = await startTestCluster(1, { FAIRSIEVE_LEASE_MS: String(LEASE_MS) });
    await using wire = await Wire.to(cluster.redis?.port ?? assert.fail());
    const replica = await cluster.add({ FAIRSIEVE_REDIS_PORT: String(wire.port) });
    const shard = await shardOf(replica);
    const { request_id } = await submit(replica, 1001n);
    await ended(replica, request_id);
    wire.cut();
    assert.equal((await look(replica, request_id)).status, 'done');
    const beganMs = performance.now();
    await until('a refusal', async () => {
      const reply = await askInTime(replica, '/requests', {
        method: 'POST',
        headers: { 'x-caller-id': 'acme' },
        body: '{"number":15}',
      });
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
    assert.equal((await found(replica, request_id)).status, 'done');
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
    await keepValues(third, [91, 77]);
    await keepValues(first, [65]);
    wire.cut();

    // Before anybody has noticed, and after.
    await untilAbsent(first, ofThird, `(replica-3|shard ${three})`);
    await untilAbsent(third, ofFirst, `(replica-1|shard ${one})`);
    await until('each side missing the other', async () => {
      const others = await Promise.all(all.map(async (replica) => (await clusterOf(replica)).peers.length));
      return others.join() === '1,1,0';
    });
    await untilAbsent(second, ofThird, three ?? '');
    await untilAbsent(third, ofFirst, one ?? '');
    await untilAbsent(first, ofThird, three ?? '', { method: 'DELETE' });

    // Its own work, and that of the others, goes on; the balancer gives work to all of them.
    assert.equal((await found(third, ofThird)).status, 'done');
    const { request_id: own } = await submit(third, 1001n);
    assert.equal((await ended(third, own)).status, 'done');
    for (const replica of all) await untilReady(replica);
    await untilOrphans(first, [three]);
    await untilOrphans(third, [one, two]);
    for (let i = 0; i < 9; i++) await submit(cluster, 15n);

    // What is put together says what is missing.
    const listed = await requestIds(first, [three]);
    assert.ok(listed.has(ofFirst) && !listed.has(ofThird));
    const listedThere = await requestIds(third, [one, two]);
    assert.ok(listedThere.has(ofThird) && !listedThere.has(ofFirst));
    await unavailable(first, '/requests?strict=true', 'replicas_missing');
    await until('the values missing those of the third', async () => {
      const { headers } = await askPatiently(first, '/values/13');
      return headers.get('replicas') === `expected=3, answered=2, missing=("shard ${three}")`;
    });
    assert.deepEqual(await valuesHere(third, 13), [91]);
    await unavailable(third, '/values/13?strict=true', 'replicas_missing');

    // Renewals are taken, and told when it is back.
    for (const [replica, number, ttl] of [
      [first, 91, 1],
      [first, 77, 3_600],
      [third, 65, 1],
    ] as const)
      await keepValues(replica, [number], `?ttl=${ttl}`);
    wire.mend();
    await untilPeers(all, 2);
    assert.equal((await found(first, ofThird)).status, 'done');
    assert.equal((await found(third, ofFirst)).status, 'done');
    const listedAgain = await requestIds(second, []);
    assert.ok(ids.every((id) => listedAgain.has(id)));
    await until('91 being told of', async () => (await valuesOf(first, 13)).every((each) => each !== 91));
    await until('65 being told of', async () => !(await valuesOf(third, 5)).includes(65));
    assert.deepEqual(await valuesOf(third, 11), [77]);
    await untilOrphans(first, []);
  });
});

describe('a replica that stood still beyond its lease, and hears nothing of the others', () => {
  it('tells nothing of what it remembers once another one may have its database', async () => {
    await using cluster = await startTestCluster(1, { FAIRSIEVE_LEASE_MS: String(LEASE_MS) });
    await using toNats = await Wire.to(cluster.nats?.port ?? assert.fail());
    await using toRedis = await Wire.to(cluster.redis?.port ?? assert.fail());
    const stale = await cluster.add({
      FAIRSIEVE_NATS_URL: `nats://127.0.0.1:${toNats.port}`,
      FAIRSIEVE_REDIS_PORT: String(toRedis.port),
    });
    const { request_id: id } = await submit(stale, numbers.semiprime(90).number);
    await running(stale, id);
    const shard = await shardOf(stale);
    toNats.cut();
    stale.pause();
    // Or it would sometimes learn from Redis what has happened before it answers anybody, and sometimes not.
    toRedis.cut();
    const taker = await cluster.add();
    assert.equal(await shardOf(taker), shard);
    await untilCancelled(taker, id);
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
    assert.equal((await found(taker, id)).status, 'cancelled');
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
