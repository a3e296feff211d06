import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { CONNECTIONS_MAX } from '../domain/limits.ts';
import { connectionsMax } from './connection-bound.ts';
import { TestServer, until } from './test-server.ts';

/** Only Linux has the whole of 127.0.0.0/8. */
const skip = process.platform === 'linux' ? false : 'connects from 127.0.0.2';

test('files are left for the store, for callbacks and for other replicas', () => {
  assert.equal(connectionsMax(), CONNECTIONS_MAX);
  assert.equal(connectionsMax(1_048_576), CONNECTIONS_MAX);
  assert.equal(connectionsMax(10_000), 10_000 - 1_024);
  assert.equal(connectionsMax(1_024), 512);
  assert.equal(connectionsMax(1), 1);
});

test(
  'one client has half of all connections: those beyond are closed, and others get in',
  { skip },
  async () => {
    await using server = await TestServer.start({ connectionsMax: 8 });
    const greedy = Array.from({ length: 6 }, () => server.connect());
    await Promise.all(greedy.slice(4).map((socket) => once(socket, 'close')));
    assert.equal(await server.connections, 4);

    const other = server.connect('127.0.0.2');
    let metrics = '';
    other.setEncoding('utf8').on('data', (text: string) => (metrics += text));
    other.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => metrics.includes('fairsieve_http_connections_refused_total 2'));
    assert.match(metrics, /fairsieve_http_connections 5/);

    greedy[0]?.destroy();
    await until(async () => (await server.connections) === 4);
    const again = server.connect();
    again.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    assert.match(String(await once(again, 'data')), /200 OK/);
    for (const socket of [...greedy, other, again]) socket.destroy();
  },
);

test('beyond the bound of all, connections are closed and counted', { skip }, async () => {
  await using server = await TestServer.start({ connectionsMax: 2 });
  const held = [server.connect('127.0.0.2'), server.connect('127.0.0.3')];
  await until(async () => (await server.connections) === 2);
  await once(server.connect(), 'close');
  held[0]?.destroy();
  await until(async () => (await server.connections) === 1);
  assert.match(await (await server.fetch('/metrics')).text(), /fairsieve_http_connections_refused_total 1/);
  held[1]?.destroy();
});
