/** Clients who mean ill or are broken: the others must not notice. Raw sockets against the real program. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  askPatiently,
  assertFactored,
  cancel,
  ended,
  metric,
  post,
  read,
  running,
  submit,
} from './support/api.ts';
import { inTime } from './support/in-time.ts';
import { NumberSource, type Composite } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const ANSWER_MS_MAX = 2_000;
const MIB = 2 ** 20;
const IDLE_CONNECTIONS = 10_000;
const IDLE_CONNECTIONS_LEAST = 4_000;
/** What a process needs besides. */
const OTHER_FILES = 500;

const numbers = new NumberSource(12);

function open(server: Server, options: Partial<net.TcpNetConnectOpts> = {}): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port: server.port, ...options });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

/** All that arrives until the other side closes, or until `enough`. */
async function receive(socket: net.Socket, enough: (text: string) => boolean = () => false): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  await until('an answer', () => socket.readableEnded || socket.destroyed || enough(text), 60_000);
  return text;
}

/** A look at the service as an honest client has it. What is hostile for a moment only is done as `act` beside it, anew for each try. */
async function assertServes(
  server: Server,
  act: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const look = async (): Promise<{ readonly short: Composite; readonly requestId: string }> => {
    const short = numbers.semiprime(16);
    const { request_id: requestId } = await submit(server, short.number, 'honest');
    read(await askPatiently(server, `/requests/${requestId}`), 200);
    return { short, requestId };
  };
  const [{ short, requestId }] = await inTime(2 * ANSWER_MS_MAX, () => Promise.all([look(), act()]));
  assertFactored(await ended(server, requestId), short);
}

/** How many files this process may have open; the server is started with the same limit. */
function filesMax(): number {
  if (process.platform !== 'linux') return IDLE_CONNECTIONS_LEAST + OTHER_FILES;
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
}

describe('hostile clients', { concurrency: true }, () => {
  let server: Server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server[Symbol.asyncDispose]());

  test('thousands of idle connections keep nobody from being served', async (t) => {
    const count = Math.min(IDLE_CONNECTIONS, filesMax() - OTHER_FILES);
    if (count < IDLE_CONNECTIONS_LEAST) return t.skip(`this process may open ${filesMax()} files only`);
    await using own = await Server.start();
    await assertServes(own);
    const idleBytes = process.platform === 'linux' ? own.residentBytes : 0;
    const sockets: net.Socket[] = [];
    let closed = 0;
    try {
      while (sockets.length < count) {
        const more = Array.from({ length: Math.min(250, count - sockets.length) }, () => open(own));
        for (const socket of await Promise.all(more)) {
          socket.on('error', () => undefined).once('close', () => closed++);
          sockets.push(socket);
        }
      }
      await assertServes(own);
      const grownBytes = process.platform === 'linux' ? own.residentBytes - idleBytes : 0;
      assert.ok(grownBytes < 20_000 * count + 64 * MIB, `${grownBytes / MIB} MiB for ${count} connections`);
      t.diagnostic(`${count} connections, ${closed} closed by the server meanwhile, ${grownBytes / MIB} MiB`);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await assertServes(own);
    return undefined;
  });

  test('a body sent one byte a second is cut off in time', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(server)));
    const head =
      'POST /requests HTTP/1.1\r\nhost: x\r\nx-caller-id: slow\r\ncontent-type: application/json\r\n';
    const answers = sockets.map((socket) => receive(socket));
    for (const socket of sockets) socket.write(`${head}content-length: 1000\r\n\r\n{`);
    const trickle = setInterval(
      () => sockets.forEach((socket) => socket.writable && socket.write(' ')),
      1_000,
    );
    try {
      await assertServes(server);
      for (const text of await Promise.all(answers)) assert.match(text, /^HTTP\/1\.1 408 /);
    } finally {
      clearInterval(trickle);
      for (const socket of sockets) socket.destroy();
    }
    await assertServes(server);
  });

  test('deep nesting and huge bodies are refused, while others are served', async () => {
    const bodies = [
      '['.repeat(MIB - 1),
      '{"a":'.repeat(MIB / 5),
      `{"number": ${'['.repeat(500_000)}${']'.repeat(500_000)}}`,
      `{"numbers": [${'1,'.repeat(400_000)}1]}`,
      `{"number": ${'9'.repeat(1_000_000)}}`,
      `{"number": "${'('.repeat(900_000)}"}`,
      `{"number": "9^9^9^9"}`,
      `{"number": "${'9^'.repeat(1_000)}9"}`,
    ];
    for (const body of bodies)
      await assertServes(server, async () => {
        const reply = await post(server, body);
        assert.ok([400, 413, 422].includes(reply.status), `${body.slice(0, 20)}: ${reply.status}`);
        assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
      });
  });

  test('pipelined requests are answered each, in order', async () => {
    const requests = Array.from({ length: 500 }, (_, i) => {
      if (i % 2) return 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
      const body = `{"number": ${i + 1}}`;
      const head = 'POST /requests?caller_id=pipe HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
      return `${head}content-length: ${body.length}\r\n\r\n${body}`;
    });
    await until('all of them answered in time', async () => {
      const socket = await open(server);
      const answers = receive(socket, (text) => text.split('HTTP/1.1 ').length > requests.length);
      socket.write(requests.join(''));
      const [, ...each] = (await answers).split('HTTP/1.1 ');
      socket.destroy();
      assert.equal(each.length, requests.length);
      for (const [i, answer] of each.entries()) {
        // The server was held up.
        if (answer.includes('"outcome_unknown"')) return false;
        assert.ok(answer.startsWith(i % 2 ? '200 ' : '202 '), answer);
        if (i % 2 === 0) assert.match(answer, new RegExp(`"number":"${i + 1}"`));
      }
      return true;
    });
  });

  test('a client that closes its sending side while it waits is let go', async () => {
    const { request_id } = await submit(server, numbers.semiprime(80).number);
    const socket = await open(server, { allowHalfOpen: true });
    const answer = receive(socket);
    socket.end(`GET /requests/${request_id} HTTP/1.1\r\nhost: x\r\nprefer: wait=1.8\r\n\r\n`);
    await answer;
    socket.destroy();
    await until('nobody waited for', async () => (await metric(server, 'fairsieve_http_waiters')) === 0);
    read(await cancel(server, request_id), 200);
  });

  test('what is no HTTP, or breaks off, does no harm', async () => {
    const noise = Buffer.from(Array.from({ length: 5_000 }, () => numbers.integer(0, 255)));
    const pieces = [
      noise,
      Buffer.from('GET / HTTP/9.9\r\n\r\n'),
      Buffer.from(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
      Buffer.from(
        'POST /requests HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
      ),
    ];
    for (const piece of pieces)
      await assertServes(server, async () => {
        const socket = await open(server);
        const answer = receive(socket);
        socket.write(piece);
        assert.match(await answer, /^HTTP\/1\.1 4\d\d /);
        socket.destroy();
      });
    const head =
      'POST /requests HTTP/1.1\r\nhost: x\r\nx-caller-id: gone\r\ncontent-type: application/json\r\n';
    await assertServes(server, async () => {
      for (let i = 0; i < 100; i++) {
        const socket = await open(server);
        socket.on('error', () => undefined).write(`${head}content-length: 100\r\n\r\n{"number"`);
        socket.resetAndDestroy();
      }
    });
  });

  test('clients who never read their event streams cost little and are let go', async () => {
    await using own = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
    const { request_id } = await submit(own, numbers.semiprime(80).number);
    await running(own, request_id);
    const idleBytes = process.platform === 'linux' ? own.residentBytes : 0;
    const streams = await Promise.all(Array.from({ length: 500 }, () => open(own)));
    for (const socket of streams) {
      socket.on('error', () => undefined).pause();
      socket.write(`GET /requests/${request_id}/events HTTP/1.1\r\nhost: x\r\n\r\n`);
    }
    await until(
      'all of them listening',
      async () => (await metric(own, 'fairsieve_http_waiters')) === streams.length,
    );
    // Long enough for many events; what is watched is that nothing grows meanwhile.
    await sleep(5_000);
    await assertServes(own);
    if (process.platform === 'linux') {
      const grownBytes = own.residentBytes - idleBytes;
      assert.ok(grownBytes < 100 * MIB, `${grownBytes / MIB} MiB for ${streams.length} streams`);
    }
    for (const socket of streams.slice(0, 250)) socket.destroy();
    await until(
      'those who left forgotten',
      async () => (await metric(own, 'fairsieve_http_waiters')) === 250,
    );
    read(await cancel(own, request_id), 200);
    await until(
      'the others told and forgotten',
      async () => (await metric(own, 'fairsieve_http_waiters')) === 0,
    );
    for (const socket of streams) socket.destroy();
  });
});
