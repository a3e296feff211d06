import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { PROBLEMS, type ErrorCode } from '../domain/error-code.ts';
import { TestServer, until } from './test-server.ts';

/** Asserts that bytes from the wire are one problem answer, complete in itself. */
function assertProblem(answer: string, code: ErrorCode): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.ok(head.startsWith(`HTTP/1.1 ${PROBLEMS[code].status} `), answer);
  assert.match(head, /content-type: application\/problem\+json/i);
  assert.equal(Number(/content-length: (\d+)/i.exec(head)?.[1]), Buffer.byteLength(body));
  assert.equal((JSON.parse(body) as { code: string }).code, code);
}

const post = (body: string, more = '') =>
  `POST /requests HTTP/1.1\r\nHost: x\r\nX-Caller-Id: acme\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

describe('What is no HTTP', () => {
  const garbage: [what: string, bytes: string | Uint8Array, code: ErrorCode][] = [
    ['a garbage request line', 'hello there\r\n\r\n', 'request_malformed'],
    ['binary noise', new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), 'request_malformed'],
    ['another version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 'request_malformed'],
    ['a header without a name', 'GET /healthz HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n', 'request_malformed'],
    [
      'two lengths',
      'POST /requests HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
      'request_malformed',
    ],
    ['a length and chunks', post('{"number":15}', 'Transfer-Encoding: chunked\r\n'), 'request_malformed'],
    [
      'a length that is none',
      'POST /requests HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
      'request_malformed',
    ],
    [
      'broken chunks',
      'POST /requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'request_malformed',
    ],
    [
      'headers of 20 KB',
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
      'header_too_large',
    ],
    [
      '1,500 headers',
      `GET /healthz HTTP/1.1\r\nHost: x\r\n${'a:b\r\n'.repeat(1_500)}\r\n`,
      'header_too_large',
    ],
    ['a path of 20 KB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 'header_too_large'],
  ];
  for (const [what, bytes, code] of garbage) {
    it(`such as ${what} gets ${code}, and the connection closes`, async () => {
      await using server = await TestServer.start();
      assertProblem(await server.exchange(bytes), code);
      assert.equal((await server.fetch('/healthz')).status, 200);
    });
  }

  it('is answered after the requests that came before it', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    const wait = `GET /requests/${requestId} HTTP/1.1\r\nHost: x\r\nPrefer: wait=0.3\r\n\r\n`;
    const answer = await server.exchange(`${wait}garbage\r\n\r\n`);
    const second = answer.indexOf('HTTP/1.1 400');
    assert.match(answer, /^HTTP\/1.1 200 OK/);
    assertProblem(answer.slice(second), 'request_malformed');
  });
});

describe('A slow client', () => {
  it('that sends its body byte by byte is cut off with 408 while others are served', async () => {
    await using server = await TestServer.start({ requestTimeoutMs: 600, headersTimeoutMs: 300 });
    const socket = server.connect();
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    const closed = once(socket, 'close');
    socket.write(post('x'.repeat(1000)).slice(0, -900));
    const drip = setInterval(() => socket.write('x'), 20);
    assert.equal((await server.submit({ number: 15 })).status, 202);
    await closed;
    clearInterval(drip);
    assertProblem(answer, 'request_timeout');
    assert.equal(server.service.accepted.length, 1);
    assert.deepEqual(server.logged, []);
  });

  it('that never ends its headers, or never begins, is cut off with 408', async () => {
    await using server = await TestServer.start({ requestTimeoutMs: 600, headersTimeoutMs: 300 });
    const answers = await Promise.all([
      server.exchange('GET /healthz HTTP/1.1\r\nHost: x\r\nX-'),
      server.exchange(''),
    ]);
    for (const answer of answers) assertProblem(answer, 'request_timeout');
  });

  it('that stops in the middle of its body and goes leaves nothing behind', async () => {
    await using server = await TestServer.start();
    const socket = server.connect();
    const part = post('x'.repeat(1000)).slice(0, -900);
    socket.write(part);
    await until(() => server.bytesRead === part.length);
    socket.destroy();
    await until(async () => (await server.connections) === 0);
    assert.deepEqual(server.logged, []);
  });
});

describe('Many requests', () => {
  it('in one packet are answered in order', async () => {
    await using server = await TestServer.start();
    const bodies = Array.from({ length: 200 }, (_, i) => post(`{"number":${i + 1}}`)).join('');
    const answer = await server.exchange(
      `${bodies}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    const numbers = [...answer.matchAll(/"number":"(\d+)"/g)].map((match) => Number(match[1]));
    assert.deepEqual(
      numbers,
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
    assert.ok(answer.endsWith('{"status":"ok"}'));
  });

  it('of which some are refused share one connection', async () => {
    await using server = await TestServer.start();
    const answer = await server.exchange(
      post('{"number":0}') +
        post('{"number":') +
        post('[1,2]') +
        post('{"number":15}', 'Connection: close\r\n'),
    );
    const statuses = [...answer.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1]);
    assert.deepEqual(statuses, ['422', '400', '422', '202']);
  });

  it('meet 2,000 idle connections without noticing', async () => {
    await using server = await TestServer.start();
    const idle = Array.from({ length: 2000 }, () => server.connect());
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    for (let i = 0; i < 100; i++) assert.equal((await server.submit({ number: 15 })).status, 202);
    for (const socket of idle) socket.destroy();
  });
});

describe('A body that is too large', () => {
  it('is answered, not cut off, even when its sender looks only after sending', async () => {
    await using server = await TestServer.start();
    const body = `{"number":"${'7'.repeat(5_000_000)}"}`;
    for (let i = 0; i < 3; i++)
      assertProblem(await server.exchange(post(body, 'Connection: close\r\n')), 'body_too_large');
  });

  it('of unknown length is answered as well', async () => {
    await using server = await TestServer.start();
    const chunk = `10000\r\n${'7'.repeat(0x10000)}\r\n`;
    const answer = await server.exchange(
      `POST /requests HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(40)}0\r\n\r\n`,
    );
    assertProblem(answer, 'body_too_large');
  });

  it('sent by very many at once gets 503, while small bodies pass', async () => {
    await using server = await TestServer.start();
    const half = post('x'.repeat(1_000_000)).slice(0, -1);
    const senders = Array.from({ length: 75 }, () => server.connect());
    for (const socket of senders) socket.write(half);
    await until(() => server.bytesRead === senders.length * half.length);
    assert.equal((await server.submit({ number: 15 })).status, 202);
    const answers = senders.map(async (socket) => {
      socket.write('x');
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      return String(chunk).slice(9, 12);
    });
    const statuses = await Promise.all(answers);
    assert.ok(statuses.includes('503') && statuses.includes('400'), statuses.join(' '));
    for (const socket of senders) socket.destroy();
    assert.equal((await server.submit(`{"number":15${' '.repeat(500_000)}}`)).status, 202);
  });
});

describe('A body that its sender holds back', () => {
  const head = (bytes: number) =>
    post('', `Expect: 100-continue\r\n`).replace('Content-Length: 0', `Content-Length: ${bytes}`);

  it('is asked for if it is not too large', async () => {
    await using server = await TestServer.start();
    const socket = server.connect();
    socket.write(head(13));
    const [first] = (await once(socket, 'data')) as [Buffer];
    assert.equal(String(first), 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('{"number":15}');
    const [second] = (await once(socket, 'data')) as [Buffer];
    assert.match(String(second), /^HTTP\/1.1 202/);
    socket.destroy();
  });

  it('is refused without being sent if it is too large', async () => {
    await using server = await TestServer.start();
    assertProblem(await server.exchange(head(1_048_577)), 'body_too_large');
  });
});

it('HTTP/1.1 without a host is refused with a problem; HTTP/1.0 needs none', async () => {
  await using server = await TestServer.start();
  const answer = await server.exchange('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n');
  assertProblem(answer, 'request_malformed');
  assert.match(answer, /no Host header/);
  assert.match(await server.exchange('GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200/);
});

it('An unknown expectation is passed over', async () => {
  await using server = await TestServer.start();
  const answer = await server.exchange(post('{"number":15}', 'Expect: miracles\r\nConnection: close\r\n'));
  assert.match(answer, /^HTTP\/1.1 202/);
});
