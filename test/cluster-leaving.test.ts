/** Replicas that leave in order: what they hold goes to those that stay, and can be asked for all the while. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import type { RequestPage } from '../src/contract/request-page.ts';
import {
  ask,
  askPatiently,
  assertFactored,
  ended,
  look,
  read,
  running,
  submit,
  submitAll,
  unavailableCode,
  type Reply,
  type Target,
} from './support/api.ts';
import { CALLBACK_ENV, settled, submitAsync } from './support/callbacks.ts';
import {
  birthShard,
  clusterOf,
  found,
  keepValues,
  MOMENTARY,
  replicasOf,
  shardOf,
  startTestCluster,
  untilCancelled,
  untilPeers,
  valuesOf,
} from './support/cluster.ts';
import { NumberSource } from './support/number-source.ts';
import { Receiver } from './support/receiver.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(11);

/** Below what the request is waited for, which would show that nobody is told of its end. */
const CANCELLED_MS_MAX = 30_000;
/** How long replicas wait for each other's word on a key (src/service/cluster/cluster.ts). */
const KEYS_MS = 250;
/** Longer than a replica is held up for, shorter than anything may stay away. */
const READ_MS_MAX = 8_000;

/** The first answer that does not hold for a moment only. */
function readPatiently(target: Target, route: string): Promise<Reply> {
  let reply: Reply | undefined;
  return until(
    () => `an answer to ${route}; the last one was ${reply?.status} ${reply?.text}`,
    async () => {
      const send = (): Promise<Reply> => ask(target, route, { withinMs: READ_MS_MAX });
      // A balancer that reads its configuration again closes idle connections: what meets that is asked once more, as every client does.
      reply = await send().catch(send);
      return !MOMENTARY.includes(unavailableCode(reply)) && reply;
    },
    READ_MS_MAX,
  );
}

describe('a replica that leaves', () => {
  it('takes nothing with it: from four replicas to two to six, everything can be read all the while', async () => {
    // Whoever comes waits for as long; and longer than whatever holds up a replica that is to keep its own.
    await using cluster = await startTestCluster(4, { FAIRSIEVE_LEASE_MS: '5000' });
    const composites = numbers.semiprimes(40, 16);
    const ids: string[] = [];
    for (const replica of cluster.replicas)
      for (const { request_id } of await submitAll(
        replica,
        composites.slice(ids.length, ids.length + 10).map(({ number }) => number),
      ))
        ids.push(request_id);
    for (const [i, replica] of cluster.replicas.entries()) await keepValues(replica, [7 * (i + 1)]);
    for (const id of ids) await ended(cluster, id);

    const stopping = new AbortController();
    const wrong: string[] = [];
    const reading = (async () => {
      for (let i = 0; !stopping.signal.aborted; i++) {
        const id = ids[i % ids.length] ?? '';
        const request = await readPatiently(cluster, `/requests/${id}`);
        if (request.status !== 200 || (JSON.parse(request.text) as RequestBody).status !== 'done')
          wrong.push(`${id}: ${request.status} ${request.text.slice(0, 200)}`);
        const values = await readPatiently(cluster, '/values/7?strict=true');
        if (values.status !== 200 || (JSON.parse(values.text) as unknown[]).length !== 4)
          wrong.push(`values: ${values.status} ${values.text.slice(0, 200)}`);
      }
    })().catch((error: unknown) => wrong.push(String(error)));
    for (const replica of cluster.replicas.slice(2))
      assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    for (const replica of cluster.replicas.slice(2)) await replica.start();
    await cluster.add();
    await cluster.add();
    stopping.abort();
    await reading;
    assert.deepEqual(wrong, []);
    const [staying = assert.fail()] = cluster.replicas;
    for (const [i, id] of ids.entries())
      assertFactored(await found(staying, id), composites[i] ?? assert.fail());
    await until('no orphan', async () => (await clusterOf(staying)).orphans?.length === 0);
  });

  it('hands work over with what has been done for it, and callbacks that are due', async () => {
    await using receiver = await Receiver.start((response) => response.writeHead(503).end());
    await using cluster = await startTestCluster(2, {
      ...CALLBACK_ENV,
      FAIRSIEVE_CALLBACK_RETRIES: '3s,3s,3s,3s',
    });
    const [first, second] = replicasOf(cluster, 2);
    const hard = numbers.semiprime(72);
    const { request_id } = await submit(first, hard.number);
    const before = await running(first, request_id, ({ cpu_ms }) => cpu_ms > 3_000);
    const called = await submitAsync(first, 15n, `http://127.0.0.1:${receiver.port}/`, 'acme');
    await until('the first attempt', () => receiver.calls.length > 0);
    assert.deepEqual(await first.stop(), { code: 0, signal: null });
    assert.match(first.output, /everything was handed over/);

    const after = await look(second, request_id);
    assert.ok(after.cpu_ms >= before.cpu_ms - 1_500, `${after.cpu_ms} ms after ${before.cpu_ms} ms`);
    receiver.behave((response) => response.writeHead(204).end());
    await settled(second, called, 'delivered');
    const [firstCall, lastCall] = [receiver.calls[0], receiver.calls.at(-1)];
    assert.equal(lastCall?.headers['webhook-id'], firstCall?.headers['webhook-id']);
    assert.equal(lastCall?.text, firstCall?.text);
    const done = await ended(second, request_id);
    assertFactored(done, hard);
    assert.ok(done.timeline.some(({ event }) => event === 'recovered'));
  });

  it('leaves all of it in its database where it is the last one, and finds it there again', async () => {
    await using cluster = await startTestCluster(2);
    const [first, second] = replicasOf(cluster, 2);
    await second.stop();
    const shard = await shardOf(first);
    const { request_id } = await submit(first, 1001n);
    await ended(first, request_id);
    await keepValues(first, [1001]);
    await first.stop();
    await first.start();
    assert.equal(await shardOf(first), shard);
    assert.equal((await found(first, request_id)).status, 'done');
    assert.deepEqual(await valuesOf(first, 13), [1001]);
  });
});

describe('a request', () => {
  it('is waited for, watched, cancelled and listed at any replica', async () => {
    await using cluster = await startTestCluster(2, { FAIRSIEVE_WAIT_MS_MAX: '60000' });
    const [first, second] = replicasOf(cluster, 2);
    // Neither ends by itself.
    const hog = await submit(first, numbers.semiprime(90).number, 'hog');
    const { request_id: id } = await submit(first, numbers.semiprime(90).number, 'acme');
    assert.equal(birthShard(id), await shardOf(first));
    const cancelled = askPatiently(second, `/requests/${id}`, {
      headers: { prefer: 'wait=50' },
      withinMs: CANCELLED_MS_MAX,
    });
    await sleep(200);
    await untilCancelled(second, id);
    assert.equal(read<RequestBody>(await cancelled, 200).status, 'cancelled');
    const events = await askPatiently(second, `/requests/${id}/events`);
    assert.match(events.text, /cancelled/);
    const { requests } = read<RequestPage>(await askPatiently(second, '/requests?strict=true'), 200);
    assert.deepEqual(new Set(requests.map(({ request_id }) => request_id)), new Set([id, hog.request_id]));
  });

  it('is one, whichever replica its idempotency key comes to', async () => {
    await using cluster = await startTestCluster(3);
    const send = (replica: { url: string }, key: string, body = '{"number":1001}') =>
      ask(replica, '/requests', {
        method: 'POST',
        headers: { 'x-caller-id': 'acme', 'idempotency-key': key },
        body,
      });
    await untilPeers(cluster.replicas, 2);
    const keys: string[] = [];
    for (let i = 0; keys.length < 20; i++) {
      assert.ok(i < 200, `Of ${i} keys only ${keys.length} were agreed upon in time`);
      const replies = await agreed(() =>
        Promise.all(cluster.replicas.map((replica) => send(replica, `key-${i}`))),
      );
      if (!replies) continue;
      keys.push(`key-${i}`);
      const ids = replies.map((reply) => read<{ request_id: string }>(reply, 202).request_id);
      assert.equal(new Set(ids).size, 1, `key-${i}: ${ids.join(', ')}`);
    }
    const other = await until('the others being asked in time', () => {
      const key = keys.shift() ?? assert.fail('no key is left');
      return agreed(() => send(cluster.replicas[1] ?? assert.fail(), key, '{"number":1003}'));
    });
    assert.equal(other.status, 422, other.text);
  });
});

/** What `work` comes to; undefined where it took so long that one of them may have been given up as silent: then nothing is promised. */
async function agreed<T>(work: () => Promise<T>): Promise<T | undefined> {
  const beganMs = performance.now();
  const outcome = await work();
  return performance.now() - beganMs < KEYS_MS ? outcome : undefined;
}
