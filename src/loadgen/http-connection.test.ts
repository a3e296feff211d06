import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from './http-connection.ts';

/** Answers each request by what `answer` does with the socket. */
async function serve(
  answer: (socket: net.Socket) => void,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = net.createServer((socket) => socket.on('data', () => answer(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Resolves to the status and the body, or to why there is no answer. */
function ask(connection: HttpConnection): Promise<readonly [status: number, body: string] | string> {
  return new Promise((resolve) =>
    connection.exchange('GET / HTTP/1.1\r\nhost: test\r\n\r\n', (end) =>
      resolve(end.kind === 'answered' ? [end.status, end.body.toString()] : end.reason),
    ),
  );
}

test('an answer is whole, however it is cut', async () => {
  await using server = await serve((socket) => {
    void (async () => {
      for (const piece of ['HTTP/1.1 202 Acc', 'epted\r\nContent-Length: 5\r\n', '\r', '\nhe', 'llo']) {
        socket.write(piece);
        await sleep(5);
      }
    })();
  });
  using connection = new HttpConnection(server.url);
  assert.deepEqual(await ask(connection), [202, 'hello']);
  assert.deepEqual(await ask(connection), [202, 'hello']);
});

test('a body larger than the read buffer arrives in full', async () => {
  const body = 'x'.repeat(1_000_000);
  await using server = await serve((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
  );
  using connection = new HttpConnection(server.url);
  assert.deepEqual(await ask(connection), [200, body]);
});

test('a connection that breaks says so and is made anew for the next exchange', async () => {
  let requests = 0;
  await using server = await serve((socket) => {
    if (++requests === 1) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  using connection = new HttpConnection(server.url);
  assert.equal(await ask(connection), 'connection closed');
  assert.deepEqual(await ask(connection), [200, '']);
});

test('an answer without a body ends with its head', async () => {
  await using server = await serve((socket) =>
    socket.write('HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n'),
  );
  using connection = new HttpConnection(server.url);
  assert.deepEqual(await ask(connection), [304, '']);
});
