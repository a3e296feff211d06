import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { Value } from '../service/service.ts';
import { problemOf, TestServer, until } from './test-server.ts';

const NEEDS_LOOPBACK_NETWORK = process.platform === 'linux' ? false : 'connects from 127.0.0.2';

function valueOf(number: bigint): Value {
  return { number: String(number), factors: [{ prime: number, exponent: 1, certainty: 'proven' }] };
}

/** 12 MB, of which a connection that nobody reads from takes less than half. */
const VALUES = Array.from({ length: 6_000 }, (_, i) => valueOf(10n ** 990n + BigInt(i)));
/** The first page of these has 0.2 MB, the second 2 MB. */
const GROWING = [...Array.from({ length: 1_000 }, (_, i) => valueOf(10n ** 100n + BigInt(i))), ...VALUES];
/** Asks for all of them, which takes room for four pages of 2 MB. */
const ASK = 'GET /values/7 HTTP/1.1\r\nHost: x\r\n\r\n';

/** Asks for a request that has not ended, for up to 30 s: what is asked behind it on the connection waits for the answer. */
function heldAnswer(requestId: string): string {
  return `GET /requests/${requestId} HTTP/1.1\r\nHost: x\r\nPrefer: wait=30\r\n\r\n`;
}

/** A client that asks for all of them and takes nothing. */
async function stalledReader(server: TestServer, localAddress?: string): Promise<Socket> {
  const asked = server.service.valueQueries.length;
  const socket = server.connect(localAddress).pause();
  socket.write(ASK);
  await until(() => server.service.valueQueries.length > asked + 1);
  return socket;
}

test(
  'answers that nobody takes are bounded, for a client and together: the next large one is refused, small ones are not',
  { skip: NEEDS_LOOPBACK_NETWORK },
  async () => {
    await using server = await TestServer.start({ unsentBytesMax: 20 * 2 ** 20 });
    server.service.values = VALUES;
    const readers = [await stalledReader(server)];
    const refused = await server.fetch('/values/7');
    assert.equal(refused.headers.get('retry-after'), '1');
    const problem = await problemOf(refused);
    assert.deepEqual([problem.status, problem.code], [503, 'overloaded']);
    readers.push(await stalledReader(server, '127.0.0.2'));
    const third = server.connect('127.0.0.3');
    third.write(ASK.replace('Host', 'Connection: close\r\nHost'));
    const [head] = (await once(third, 'data')) as [Buffer];
    assert.match(String(head), /^HTTP\/1.1 503/, 'the rest is too small for one more');
    assert.equal((await server.fetch('/values/7?limit=10')).status, 200);
    for (const reader of readers) reader.destroy();
    await until(async () => (await server.connections) < 3);
    const text = await (await server.fetch('/values/7')).text();
    assert.equal(text.match(/"value"/g)?.length, VALUES.length);
  },
);

test('whose room is full is refused before anything is looked up, and without a link to more', async () => {
  await using server = await TestServer.start({ unsentBytesMax: 2 ** 20, waitMsMax: 30_000 });
  server.service.values = VALUES;
  const refused = await server.fetch('/values/7?limit=1000');
  assert.equal(refused.status, 503, 'the page is larger than all room');
  assert.equal(refused.headers.get('link'), null);
  const { requestId } = server.service.add();
  const reader = server.connect();
  // Two of 300 KB leave less than they take.
  reader.write(heldAnswer(requestId) + ASK.replace('/7', '/7?limit=150').repeat(2));
  await until(async () => (await server.fetch('/values/7?limit=100')).status === 503);
  const asked = server.service.valueQueries.length;
  assert.equal((await server.fetch('/values/7')).status, 503);
  assert.equal(server.service.valueQueries.length, asked);
  assert.equal((await server.fetch('/requests?limit=51')).status, 503);
  assert.equal((await server.fetch('/requests')).status, 200);
  assert.equal((await server.fetch('/values/batches/x')).status, 503);
  reader.resume();
  server.service.change(requestId, { status: 'done' });
  await until(async () => (await server.fetch('/values/7?limit=100')).ok);
  reader.destroy();
});

test('a client that takes nothing for a time is cut off, and one that is slow is not', async () => {
  await using server = await TestServer.start({ unsentBytesMax: 40 * 2 ** 20, stalledMs: 3_000 });
  server.service.values = VALUES;
  const slow = server.connect();
  slow.write(ASK.replace('Host', 'Connection: close\r\nHost'));
  let taken = 0;
  slow.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    slow.pause();
    setTimeout(() => slow.resume(), 4);
  });
  const stalled = await stalledReader(server);
  await once(slow, 'end');
  await until(async () => (await server.connections) === 0);
  assert.ok(taken > 11_000_000, `the slow one got ${taken} bytes`);
  stalled.destroy();
});

test('what waits behind a held answer when its connection closes takes no room and no place any more', async () => {
  await using server = await TestServer.start({ unsentBytesMax: 60 * 2 ** 20, waitMsMax: 30_000 });
  server.service.values = VALUES;
  const { requestId } = server.service.add();
  const socket = server.connect();
  socket.write(heldAnswer(requestId) + ASK.repeat(4));
  await until(() => server.service.valueQueries.length >= 8);
  assert.equal((await server.fetch('/values/7')).status, 503);
  socket.destroy();
  server.service.change(requestId, { status: 'done' });
  await until(async () =>
    (await (await server.fetch('/metrics')).text()).includes('fairsieve_http_waiters 0'),
  );
  const text = await (await server.fetch('/values/7')).text();
  assert.equal(text.match(/"value"/g)?.length, VALUES.length);
  assert.deepEqual(server.logged, []);
});

test('an answer behind a large one that was taken may be silent for longer than a client may', async () => {
  await using server = await TestServer.start({ stalledMs: 300 });
  server.service.values = VALUES.slice(0, 100);
  const { requestId } = server.service.add();
  const last = `GET /requests/${requestId} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nPrefer: wait=1\r\n\r\n`;
  const answer = await server.exchange(ASK + last);
  assert.equal(answer.match(/HTTP\/1.1 200/g)?.length, 2);
});

test('what breaks behind a held answer closes the connection', async () => {
  await using server = await TestServer.start({ unsentBytesMax: 6 * 2 ** 20, waitMsMax: 30_000 });
  server.service.values = GROWING;
  const { requestId } = server.service.add();
  const socket = server.connect().resume();
  socket.write(heldAnswer(requestId) + ASK);
  await once(socket, 'close');
});

test('an answer whose later pages outgrow its room is cut', async () => {
  await using server = await TestServer.start({ unsentBytesMax: 6 * 2 ** 20 });
  server.service.values = GROWING;
  const answer = await server.fetch('/values/7');
  assert.equal(answer.status, 200);
  await assert.rejects(answer.text());
  await until(async () => (await server.fetch('/values/7?limit=1000')).ok);
});
