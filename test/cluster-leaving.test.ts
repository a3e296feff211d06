/** Replicas that leave in order: what they hold goes to those that stay, and can be asked for all the while. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import {
  ask,
  assertFactored,
  ended,
  look,
  read,
  running,
  submit,
  submitAll,
  type Reply,
  type Target,
} from './support/api.ts';
import { CALLBACK_ENV, settled, submitAsync } from './support/callbacks.ts';
import {
  birthShard,
  clusterOf,
  postValues,
  replicasOf,
  shardOf,
  startTestCluster,
  valuesOf,
} from './support/cluster.ts';
import { NumberSource } from './support/number-source.ts';
import { Receiver } from './support/receiver.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(11);

/** A balancer that reads its configuration again closes idle connections: what meets that is asked again, as every client of HTTP does. */
async function askAgain(target: Target, route: string): Promise<Reply> {
  return ask(target, route).catch(() => ask(target, route));
}

describe('a replica that leaves', () => {
  it('takes nothing with it: from four replicas to two to six, everything can be read all the while', async () => {
    await using cluster = await startTestCluster(4);
    const composites = numbers.semiprimes(40, 16);
    const ids: string[] = [];
    for (const replica of cluster.replicas)
      for (const { request_id } of await submitAll(
        replica,
        composites.slice(ids.length, ids.length + 10).map(({ number }) => number),
      ))
        ids.push(request_id);
    for (const [i, replica] of cluster.replicas.entries()) await postValues(replica, [7 * (i + 1)]);
    for (const id of ids) await ended(cluster, id);

    const stopping = new AbortController();
    const wrong: string[] = [];
    const reading = (async () => {
      for (let i = 0; !stopping.signal.aborted; i++) {
        const id = ids[i % ids.length] ?? '';
        const request = await askAgain(cluster, `/requests/${id}`);
        if (request.status !== 200 || (JSON.parse(request.text) as RequestBody).status !== 'done')
          wrong.push(`${id}: ${request.status} ${request.text.slice(0, 200)}`);
        const values = await askAgain(cluster, '/values/7');
        if (values.status !== 200 || (JSON.parse(values.text) as unknown[]).length !== 4)
          wrong.push(`values: ${values.status} ${values.text.slice(0, 200)}`);
      }
    })();
    for (const replica of cluster.replicas.slice(2))
      assert.deepEqual(await replica.stop(), { code: 0, signal: null });
    for (const replica of cluster.replicas.slice(2)) await replica.start();
    await cluster.add();
    await cluster.add();
    stopping.abort();
    await reading;
    assert.deepEqual(wrong, []);
    for (const [i, id] of ids.entries())
      assertFactored(await look(cluster, id), composites[i] ?? assert.fail());
    assert.deepEqual((await clusterOf(cluster)).orphans, []);
  });

  it('hands work over with what has been done for it, and callbacks that are due', async () => {
    await using receiver = await Receiver.start((response) => response.writeHead(503).end());
    await using cluster = await startTestCluster(2, {
      ...CALLBACK_ENV,
      FAIRSIEVE_CALLBACK_RETRIES: '3s,3s,3s,3s',
    });
    const [first, second] = replicasOf(cluster, 2);
    const hard = numbers.semiprime(68);
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
    await postValues(first, [1001]);
    await first.stop();
    await first.start();
    assert.equal(await shardOf(first), shard);
    assert.equal((await look(first, request_id)).status, 'done');
    assert.deepEqual(await valuesOf(first, 13), [1001]);
  });
});

describe('a request', () => {
  it('is waited for, watched, cancelled and listed at any replica', async () => {
    await using cluster = await startTestCluster(2);
    const [first, second] = replicasOf(cluster, 2);
    const hog = await submit(first, numbers.semiprime(80).number, 'hog');
    const { request_id: id } = await submit(first, numbers.semiprime(78).number, 'acme');
    assert.equal(birthShard(id), await shardOf(first));
    const cancelled = ask(second, `/requests/${id}`, { headers: { prefer: 'wait=1' } });
    await sleep(200);
    assert.equal((await ask(second, `/requests/${id}`, { method: 'DELETE' })).status, 200);
    assert.equal(read<RequestBody>(await cancelled, 200).status, 'cancelled');
    const events = await ask(second, `/requests/${id}/events`);
    assert.match(events.text, /cancelled/);
    const { requests } = read<{ requests: RequestBody[] }>(await ask(second, '/requests'), 200);
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
    for (let i = 0; i < 20; i++) {
      const replies = await Promise.all(cluster.replicas.map((replica) => send(replica, `key-${i}`)));
      const ids = replies.map((reply) => read<{ request_id: string }>(reply, 202).request_id);
      assert.equal(new Set(ids).size, 1, `key-${i}: ${ids.join(', ')}`);
    }
    const other = await send(cluster.replicas[1] ?? assert.fail(), 'key-3', '{"number":1003}');
    assert.equal(other.status, 422, other.text);
  });
});
