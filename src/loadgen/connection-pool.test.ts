import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { ConnectionPool } from './connection-pool.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: test\r\n\r\n';

async function serve(answer: (socket: net.Socket) => void): Promise<net.Server> {
  const server = net.createServer((socket) =>
    socket.on('error', () => undefined).on('data', () => answer(socket)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function poolFor(server: net.Server, connections: number): ConnectionPool {
  return new ConnectionPool(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, connections);
}

test('every exchange ends exactly once, whatever the server does, in the order in which they came', async () => {
  let served = 0;
  const server = await serve((socket) => {
    if (++served % 3 === 0) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  const pool = poolFor(server, 1);
  const ended: number[] = [];
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 300; i++)
      pool.exchange(REQUEST, () => {
        ended.push(i);
        if (ended.length === 300) resolve();
      });
  });
  assert.deepEqual(
    ended,
    Array.from({ length: 300 }, (_, i) => i),
  );
  pool.end('over');
  server.close();
  await once(server, 'close');
});

test('an exchange begins when it has its connection', async () => {
  const server = await serve((socket) =>
    setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), 20),
  );
  const pool = poolFor(server, 1);
  const steps: string[] = [];
  await new Promise<void>((resolve) => {
    const ask = (name: string, onEnd: () => void): void =>
      pool.exchange(
        REQUEST,
        () => {
          steps.push(`${name} ends`);
          onEnd();
        },
        () => void steps.push(`${name} begins`),
      );
    ask('first', () => undefined);
    ask('second', resolve);
  });
  assert.deepEqual(steps, ['first begins', 'first ends', 'second begins', 'second ends']);
  pool.end('over');
  server.close();
  await once(server, 'close');
});

test('when the pool is ended, all that is under way, waits or comes later ends at once, for that reason', async () => {
  const server = await serve(() => undefined);
  const pool = poolFor(server, 3);
  const reasons: string[] = [];
  const ask = (): void =>
    pool.exchange(REQUEST, (end) => void reasons.push(end.kind === 'broken' ? end.reason : 'answered'));
  for (let i = 0; i < 10; i++) ask();
  assert.equal(pool.waiting, 7);
  pool.end('over');
  ask();
  assert.deepEqual(
    reasons,
    Array.from({ length: 11 }, () => 'over'),
  );
  server.close();
  await once(server, 'close');
});

test('a server that refuses every connection ends a long line one by one', async () => {
  const server = await serve(() => undefined);
  const pool = poolFor(server, 4);
  server.close();
  await once(server, 'close');
  const reasons = await new Promise<string[]>((resolve) => {
    const all: string[] = [];
    for (let i = 0; i < 1_000; i++)
      pool.exchange(REQUEST, (end) => {
        all.push(end.kind === 'broken' ? end.reason : 'answered');
        if (all.length === 1_000) resolve(all);
      });
  });
  assert.deepEqual([...new Set(reasons)], ['connection refused']);
});
