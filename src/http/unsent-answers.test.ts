import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { Value } from '../service/service.ts';
import { problemOf, TestServer, until } from './test-server.ts';

/** 12 MB, of which a connection that nobody reads from takes less than half. */
const VALUES = Array.from({ length: 6_000 }, (_, i): Value => {
  const number = `${10n ** 990n + BigInt(i)}`;
  return { number, factors: [{ prime: BigInt(number), exponent: 1, certainty: 'proven' }] };
});
/** Room for two of them, page by page. */
const ROOM = { unsentBytesMax: 20 * 2 ** 20 };

/** A client that asks for all of them and takes nothing. */
async function stalledReader(server: TestServer): Promise<Socket> {
  const asked = server.service.valueQueries.length;
  const socket = server.connect().pause();
  socket.write('GET /values/7 HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => server.service.valueQueries.length > asked + 1);
  return socket;
}

test('answers that nobody takes are bounded together: the next large one is refused, small ones are not', async () => {
  await using server = await TestServer.start(ROOM);
  server.service.values = VALUES;
  const readers = [await stalledReader(server), await stalledReader(server)];
  const refused = await server.fetch('/values/7');
  assert.equal(refused.headers.get('retry-after'), '1');
  const problem = await problemOf(refused);
  assert.deepEqual([problem.status, problem.code], [503, 'overloaded']);
  assert.equal((await server.fetch('/values/7?limit=10')).status, 200);
  for (const reader of readers) reader.destroy();
  await until(async () => (await server.fetch('/values/7?limit=1')).ok && (await server.connections) < 3);
  const text = await (await server.fetch('/values/7')).text();
  assert.equal(text.match(/"value"/g)?.length, VALUES.length);
});

test('a client that takes nothing for a time is cut off, and one that is slow is not', async () => {
  await using server = await TestServer.start({ ...ROOM, stalledMs: 500 });
  server.service.values = VALUES;
  const slow = server.connect();
  slow.write('GET /values/7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
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
