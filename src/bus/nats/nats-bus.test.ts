import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startNatsServer } from '../../../scripts/servers/nats-server.ts';
import type { ServerProcess } from '../../../scripts/servers/server-process.ts';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../base/clock.ts';
import { BUS_BYTES_MAX, type Bus } from '../bus.ts';
import { describeBus } from '../describe-bus.ts';
import { parseNatsUrl } from './nats-address.ts';
import { openNatsBus } from './nats-bus.ts';

const ASKING = { timeoutMs: 5_000 };

function open(url: string, shard: number, given: { cluster?: string; faults?: unknown[] } = {}): Bus {
  const parsed = parseNatsUrl(url);
  assert.ok(parsed.kind === 'ok', url);
  return openNatsBus({
    address: parsed.address,
    cluster: given.cluster ?? 'test',
    shard,
    clock: systemClock,
    random: () => 0,
    onFault: (error) => given.faults?.push(error),
    onConnected: () => undefined,
  });
}

async function withNats(
  args: readonly string[],
  work: (nats: ServerProcess) => Promise<void>,
): Promise<void> {
  await using nats = await startNatsServer(args);
  await work(nats);
}

async function connected(...buses: readonly Bus[]): Promise<void> {
  await until('all buses being connected', () => buses.every((bus) => bus.connected));
}

/** Resolves when there is such a fault: whoever is held up for some seconds is told of another one before. */
async function told(faults: readonly unknown[], fault: RegExp): Promise<void> {
  await until(`a fault like ${fault}`, () => faults.some((each) => fault.test(String(each))));
}

describeBus('nats', async () => {
  const nats = await startNatsServer();
  return {
    open: (shard) => open(nats.url, shard),
    fail: async () => void (await nats.kill()),
    recover: () => nats.start(),
    [Symbol.asyncDispose]: async () => void (await nats.kill()),
  };
});

test('it starts while NATS is down, says so once, and connects when NATS is there', () =>
  withNats([], async (nats) => {
    await nats.kill();
    const faults: unknown[] = [];
    await using bus = open(nats.url, 0, { faults });
    await assert.rejects(bus.ask(1, 'who', new Uint8Array(), ASKING), { code: 'disconnected' });
    await until('a second try', () => faults.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.match(
      faults.map(String).join(),
      /^Error: Cannot connect to NATS at 127\.0\.0\.1:\d+: .*ECONNREFUSED[^,]*$/,
    );
    await nats.start();
    await connected(bus);
  }));

test('a NATS that is stopped in the middle is noticed within seconds, and so is its return', () =>
  withNats([], async (nats) => {
    const faults: unknown[] = [];
    await using bus = open(nats.url, 0, { faults });
    await using other = open(nats.url, 1);
    other.answer('who', async (body) => body);
    await connected(bus, other);
    nats.pause();
    // More than the system takes in for NATS, so that something is always left to be sent.
    const asked = Array.from({ length: 60 }, () =>
      assert.rejects(bus.ask(1, 'who', new Uint8Array(BUS_BYTES_MAX), { timeoutMs: 300 }), {
        code: 'timeout',
      }),
    );
    await Promise.all(asked);
    await until('the loss being noticed', () => !bus.connected);
    await told(faults, /it said nothing/);
    nats.resume();
    await connected(bus, other);
    await bus.ask(1, 'who', new Uint8Array(), ASKING);
  }));

test('a bus can end while NATS does not answer, and leaves nothing open', () =>
  withNats([], async (nats) => {
    const socketsBefore = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const bus = open(nats.url, 0);
    await connected(bus);
    nats.pause();
    const beganMs = performance.now();
    await bus[Symbol.asyncDispose]();
    const never = open(nats.url, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await never[Symbol.asyncDispose]();
    assert.ok(performance.now() - beganMs < 20_000, `It took ${performance.now() - beganMs} ms`);
    await until(
      'all sockets being closed',
      () =>
        process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length <= socketsBefore,
    );
  }));

test('an answer that came while the process stood still came in time', () =>
  withNats([], async (nats) => {
    await using bus = open(nats.url, 0);
    await using other = open(nats.url, 1);
    other.answer('who', async (body) => {
      // Then the answer has been sent, and nothing of it has been read.
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400));
      return body;
    });
    await connected(bus, other);
    // Where NATS is held up too, it was not in time.
    await until('an answer', () =>
      bus.ask(1, 'who', new Uint8Array(), { timeoutMs: 200 }).catch(() => false),
    );
  }));

test('clusters of different names on one NATS know nothing of each other', () =>
  withNats([], async (nats) => {
    await using a = open(nats.url, 0, { cluster: 'a' });
    await using b = open(nats.url, 1, { cluster: 'b' });
    b.answer('who', async (body) => body);
    await connected(a, b);
    await assert.rejects(a.ask(1, 'who', new Uint8Array(), ASKING), { code: 'absent' });
  }));

for (const [what, args, credentials] of [
  ['a user and a password', ['--user', 'me', '--pass', 'a:b@c'], 'me:a%3Ab%40c@'],
  ['a token', ['--auth', 's3cret'], 's3cret@'],
] as const)
  test(`${what} in the URL opens NATS; without, the connection is refused, and why is told`, () =>
    withNats(args, async (nats) => {
      const faults: unknown[] = [];
      await using stranger = open(nats.url, 0, { faults });
      await using bus = open(nats.url.replace('//', `//${credentials}`), 1);
      await connected(bus);
      await told(faults, /Authorization Violation/i);
      assert.equal(stranger.connected, false);
    }));

test('of several servers, one that is there is enough', () =>
  withNats([], async (nats) => {
    await using bus = open(`nats://127.0.0.1:1,127.0.0.1:${nats.port}`, 0);
    await connected(bus);
  }));

test('tls:// says nothing to a NATS without TLS', () =>
  withNats([], async (nats) => {
    const faults: unknown[] = [];
    await using bus = open(nats.url.replace('nats:', 'tls:'), 0, { faults });
    await told(faults, /does not support 'tls'/);
    assert.equal(bus.connected, false);
  }));

test('what is no NATS is told apart from what is silent', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const faults: unknown[] = [];
  await using bus = open(`nats://127.0.0.1:${port}`, 0, { faults });
  await told(faults, /unexpected response/);
  assert.equal(bus.connected, false);
  server.close();
});
