/** What deploy/haproxy.cfg promises, with replicas that misbehave as they are told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/until.ts';
import { PROBLEMS } from '../../src/domain/error-code.ts';
import { freePort } from './free-port.ts';
import { rebalance, startHaproxy } from './haproxy.ts';
import type { ServerProcess } from './server-process.ts';

/** A replica: ready or not, mute or not, and with answers of its own. */
class FakeReplica {
  readonly name: string;
  readonly #server = http.createServer((request, response) => this.#serve(request, response));
  ready = true;
  /** It takes connections and answers no check, like a paused process. */
  mute = false;
  behave: (response: http.ServerResponse) => void = ok;
  /** Methods of what has arrived, checks apart. */
  received: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (request.url === '/readyz' || request.url === '/healthz') {
      const notReady = request.headers.prefer === 'unready=404' ? 404 : 503;
      if (!this.mute) response.writeHead(this.ready || request.url === '/healthz' ? 200 : notReady).end();
      return;
    }
    this.received.push(request.method ?? '');
    request.resume().on('end', () => this.behave(response));
  }
}

const ok = (response: http.ServerResponse): void => void response.end('ok');
const hangUp = (response: http.ServerResponse): void => void response.socket?.destroy();

/** Two checks a second apart, each answered within two seconds, and the looks at it. */
const NOTICED_MS_MAX = 8_000;
const replicas = [new FakeReplica('a'), new FakeReplica('b')] as const;
const [a, b] = replicas;
let folder: string;
let haproxy: ServerProcess;

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-haproxy-'));
  // Each listens again on its own, which is given to no outgoing connection meanwhile.
  for (const replica of replicas) await replica.listen(await freePort());
  haproxy = await startHaproxy(folder, replicas);
});
after(async () => {
  for (const replica of replicas) await replica.close();
  await haproxy.kill();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  for (const replica of replicas) {
    replica.ready = true;
    replica.mute = false;
    replica.behave = ok;
  }
  await until('both serving', async () => (await servedBy(8)).size === 2);
  for (const replica of replicas) replica.received = [];
});

/** Over a connection of its own: on one that has carried an answer the balancer hangs up like the replica, without a word. */
function ask(method: string): Promise<Response> {
  const headers = { connection: 'close' };
  return fetch(`${haproxy.url}/requests`, { method, headers, ...(method === 'POST' && { body: '{}' }) });
}

/** Only Linux has the whole of 127.0.0.0/8. */
const skip = process.platform === 'linux' ? false : 'connects from 127.0.0.2';

async function statusFrom(localAddress: string): Promise<number | undefined> {
  const request = http.get(`${haproxy.url}/requests`, { localAddress, agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  return response.statusCode;
}

/** The names of those that answered so many requests. */
async function servedBy(count: number): Promise<Set<string>> {
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const response = await ask('GET');
    await response.bytes();
    if (response.ok) names.add(response.headers.get('served-by') ?? '');
  }
  return names;
}

/** Fails unless it is the balancer's own problem of this code. */
async function assertProblem(response: Response, status: number, code: string): Promise<void> {
  assert.equal(response.status, status);
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const body = (await response.json()) as { type: string; status: number; code: string; title: string };
  assert.deepEqual([body.type, body.status, body.code], [`urn:fairsieve:problem:${code}`, status, code]);
  const known: Readonly<Record<string, { readonly title: string }>> = PROBLEMS;
  assert.equal(body.title, known[code]?.title);
}

test('a replica that is not ready gets nothing any more, and again something when it is', async () => {
  a.ready = false;
  await until('only b being asked', async () => !(await servedBy(8)).has('a'), NOTICED_MS_MAX);
  assert.deepEqual(await servedBy(20), new Set(['b']));
  a.ready = true;
  await until('a being asked', async () => (await servedBy(8)).has('a'));
});

test('what is under way with a replica that is no longer ready is carried to its end', async () => {
  const held: http.ServerResponse[] = [];
  a.behave = (response) => void held.push(response);
  const asked = Array.from({ length: 6 }, () => ask('POST'));
  await until('all being under way, some of them with a', () => {
    return held.length > 0 && a.received.length + b.received.length === asked.length;
  });
  a.behave = ok;
  a.ready = false;
  await until('only b being asked', async () => !(await servedBy(8)).has('a'));
  // It would be given up by now if it had failed.
  await sleep(2_500);
  held.forEach((response) => response.end('late'));
  const replies = await Promise.all(asked);
  assert.deepEqual(
    replies.map(({ status }) => status),
    replies.map(() => 200),
  );
});

test('what is under way with a replica that no longer answers checks is given up', async () => {
  a.behave = () => {};
  const asked: Promise<Response>[] = [];
  await until('some being under way there', () => {
    asked.push(ask('POST'));
    return a.received.includes('POST');
  });
  a.mute = true;
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.ok(statuses.includes(502), `the answers were ${statuses.join(', ')}`);
});

test('what may be done twice is done by another replica where one hangs up', async () => {
  a.behave = hangUp;
  for (let i = 0; i < 10; i++) assert.equal((await ask('GET')).status, 200);
  assert.ok(a.received.length > 0, 'none came to the one that hangs up');
  assert.equal((await ask('DELETE')).status, 200);
});

test('what may not be done twice is never sent twice, and the answer says that the outcome is unknown', async () => {
  a.behave = hangUp;
  b.behave = hangUp;
  const response = await ask('POST');
  assert.equal(response.headers.get('retry-after'), '1');
  await assertProblem(response, 502, 'no_answer');
  assert.deepEqual([...a.received, ...b.received], ['POST']);
});

test('a POST that never reached a replica goes to another one', async () => {
  const { port } = a;
  await a.close();
  // Before the checks have noticed.
  for (let i = 0; i < 10; i++) assert.equal((await ask('POST')).status, 200);
  assert.equal(b.received.length, 10);
  await a.listen(port);
});

test('long answers go where the fewest are under way', async () => {
  const held: http.ServerResponse[] = [];
  for (const replica of replicas) replica.behave = (response) => void held.push(response);
  const asked = Array.from({ length: 20 }, () => ask('GET'));
  await until('all being held', () => held.length === 20);
  // Which of two that have as many is asked next is the balancer's to say.
  assert.ok(Math.min(a.received.length, b.received.length) >= 8, `${a.received.length} of 20 went to a`);
  held.forEach((response) => response.end());
  await Promise.all(asked);
});

test('its list of replicas can change while answers are under way', async (t) => {
  const third = new FakeReplica('c');
  await third.listen(await freePort());
  t.after(() => third.close());
  const held: http.ServerResponse[] = [];
  for (const replica of replicas) replica.behave = (response) => void held.push(response);
  const asked = ask('POST');
  await until('it being under way', () => held.length === 1);
  await rebalance(haproxy, folder, [...replicas, third]);
  a.behave = ok;
  b.behave = ok;
  // What the balancer that was there before has taken may be closed.
  const names = (): Promise<Set<string> | undefined> => servedBy(8).catch(() => undefined);
  await until('the third being asked', async () => (await names())?.has('c'));
  held[0]?.end('late');
  assert.equal(await (await asked).text(), 'late');
  await rebalance(haproxy, folder, replicas);
  await until('the third being asked no more', async () => (await names())?.has('c') === false);
});

test('where none is ready, they are asked all the same, since they can be read and say themselves why', async () => {
  for (const replica of replicas) {
    replica.ready = false;
    replica.behave = (response) => void response.writeHead(503).end('full');
  }
  // Time for the checks to have noticed, with one always under way.
  const endMs = performance.now() + 3_500;
  while (performance.now() < endMs) {
    assert.equal(await (await ask('POST')).text(), 'full');
    await sleep(50);
  }
});

test(
  'a client with half of all connections gets no more of them, and others are served',
  { skip },
  async () => {
    const idle = new Set<Socket>();
    /** Opens what is missing: the balancer closes those that have said nothing for 10 s, and what is too much. */
    const fill = async (count: number): Promise<void> => {
      const port = Number(new URL(haproxy.url).port);
      while (idle.size < count) {
        const socket = connect(port, '127.0.0.1').resume();
        idle.add(socket.on('error', () => undefined).on('close', () => idle.delete(socket)));
      }
      await until('all being connected or closed', () => [...idle].every(({ connecting }) => !connecting));
    };
    // The system takes connections before the balancer does.
    const refused = await until('it being refused', async () => {
      await fill(3_501);
      const response = await ask('GET');
      if (response.status === 503) return response;
      await response.bytes();
      return false;
    });
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(refused.headers.get('connection'), 'close');
    await assertProblem(refused, 503, 'overloaded');
    assert.equal(await statusFrom('127.0.0.2'), 200);

    await until('it being closed without a word beyond that', async () => {
      await fill(4_021);
      return ask('GET').then(
        (response) => response.bytes().then(() => false),
        () => true,
      );
    });
    assert.equal(await statusFrom('127.0.0.2'), 200);

    idle.forEach((socket) => socket.destroy());
    await until(
      'it being served again',
      async () => (await ask('GET').catch(() => undefined))?.status === 200,
    );
  },
);

test('without any replica the balancer says so, in the form of the replicas, and when to come back', async () => {
  const ports = replicas.map(({ port }) => port);
  for (const replica of replicas) await replica.close();
  const refused = await until('no replica being left', async () => {
    const response = await ask('POST');
    return response.status === 503 && response;
  });
  for (const [i, replica] of replicas.entries()) await replica.listen(ports[i] ?? assert.fail());
  assert.equal(refused.headers.get('retry-after'), '1');
  await assertProblem(refused, 503, 'no_replica');
});
