import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock, type Clock } from '../base/clock.ts';
import { parseAllowList } from './allow-list.ts';
import { toAttemptOutcome, type CallbackOutcome } from './callback-outcome.ts';
import { Dialer, type DialerOptions } from './dialer.ts';
import { answering, FakeEndpoint, type Behaviour, type EndpointOptions } from './fake-endpoint.ts';
import { DEFAULT_PORT_RANGES } from './port-ranges.ts';
import { postCallback, type PostOptions } from './post-callback.ts';
import { TEST_CERTIFICATE } from './test-certificate.ts';

const NEVER = new AbortController().signal;
/** Long enough for a busy machine, short enough to wait for. */
const SHORT_MS = 200;
/** What no test waits for. */
const LONG_MS = 60_000;
const NOW = Date.parse('2026-11-21T12:00:00Z');
const CLOCK: Clock = { ...systemClock, wallMs: () => NOW };

function dialer(options: Partial<DialerOptions> = {}): Dialer {
  const parsed = parseAllowList('127.0.0.1');
  assert.ok(parsed.kind === 'ok');
  return new Dialer({ policy: { allowList: parsed.allowList, ports: DEFAULT_PORT_RANGES }, ...options });
}

type Options = Partial<PostOptions> & {
  readonly path?: string;
  readonly body?: string;
  readonly scheme?: string;
};

async function post(endpoint: FakeEndpoint, options: Options = {}): Promise<CallbackOutcome> {
  const { path = '/in', body = '{}', scheme = 'http', ...rest } = options;
  const url = `${scheme}://127.0.0.1:${endpoint.port}${path}`;
  const headers = { 'content-type': 'application/json', 'webhook-id': 'msg_1' };
  return postCallback(
    { url, headers, body },
    { dialer: dialer(), clock: CLOCK, signal: NEVER, totalMs: LONG_MS, bodyMs: LONG_MS, ...rest },
  );
}

/** Posts to an endpoint that behaves so, and sees to it that the connection is closed afterwards. */
async function outcomeOf(
  behaviour: Behaviour,
  options: Options = {},
  endpointOptions: EndpointOptions = {},
): Promise<CallbackOutcome> {
  await using endpoint = await FakeEndpoint.start(behaviour, endpointOptions);
  const outcome = await post(endpoint, options);
  await endpoint.allClosed();
  assert.equal(endpoint.connections, 1);
  return outcome;
}

/** Without the time, which differs. */
function essence({ wireMs, ...rest }: CallbackOutcome): object {
  assert.ok(wireMs >= 0);
  return rest;
}

function errorOf(outcome: CallbackOutcome): string {
  return outcome.kind === 'failed' ? `${outcome.errorClass}: ${outcome.detail}` : outcome.kind;
}

/** Writes one byte of `text` after another until the other side hangs up. */
function dribble(socket: Socket, text: string): void {
  let at = 0;
  const drip = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 20);
  socket.on('close', () => clearInterval(drip));
}

describe('The endpoint gets', () => {
  it('one POST with the path, query, headers and body, and is told that the connection ends', async () => {
    await using endpoint = await FakeEndpoint.start(answering('HTTP/1.1 200 OK'));
    await post(endpoint, { path: '/in/1?key=a%20b', body: '{"number":"15"}' });
    const [head = '', body] = (endpoint.requests[0] ?? '').split('\r\n\r\n');
    const [line, ...headers] = head.split('\r\n').map((text) => text.toLowerCase());
    assert.equal(line, 'post /in/1?key=a%20b http/1.1');
    assert.deepEqual(headers.toSorted(), [
      'connection: close',
      'content-length: 15',
      'content-type: application/json',
      `host: 127.0.0.1:${endpoint.port}`,
      'webhook-id: msg_1',
    ]);
    assert.equal(body, '{"number":"15"}');
    assert.equal(endpoint.requests.length, 1);
  });

  it('a connection of its own for each attempt, closed afterwards', async () => {
    await using endpoint = await FakeEndpoint.start((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n'),
    );
    await post(endpoint);
    await endpoint.allClosed();
    await post(endpoint);
    assert.equal(endpoint.connections, 2);
  });
});

describe('An answer', () => {
  for (const status of [200, 204, 400, 410, 500, 503])
    it(`with ${status} is told`, async () => {
      const outcome = await outcomeOf(answering(`HTTP/1.1 ${status} Whatever`));
      assert.deepEqual(essence(outcome), { kind: 'answered', status, retryAfterMs: 0 });
    });

  const retryAfters: readonly (readonly [given: string, ms: number])[] = [
    ['7', 7_000],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 24 * 3_600_000],
    ['-5', 0],
    ['soon', 0],
  ];
  for (const [given, retryAfterMs] of retryAfters)
    it(`with 429 and Retry-After: ${given} asks for ${retryAfterMs} ms`, async () => {
      const outcome = await outcomeOf(answering('HTTP/1.1 429 Too Many Requests', `Retry-After: ${given}`));
      assert.deepEqual(essence(outcome), { kind: 'answered', status: 429, retryAfterMs });
    });

  it('that redirects to a private address is told, and not followed', async () => {
    await using inner = await FakeEndpoint.start(answering('HTTP/1.1 200 OK'));
    for (const status of [301, 302, 303, 307, 308]) {
      const location = `Location: http://127.0.0.1:${inner.port}/`;
      const outcome = await outcomeOf(answering(`HTTP/1.1 ${status} Elsewhere`, location));
      assert.deepEqual(essence(outcome), { kind: 'answered', status, retryAfterMs: 0 });
    }
    assert.equal(inner.connections, 0);
  });

  it('with an early hint first counts by its end', async () => {
    const outcome = await outcomeOf(answering('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created'));
    assert.deepEqual(essence(outcome), { kind: 'answered', status: 201, retryAfterMs: 0 });
  });

  it('with a body of 1 GB is cut off soon', async () => {
    let isAnnounced = true;
    let sent = 0;
    const flood: Behaviour = (socket) => {
      const length = isAnnounced ? 'Content-Length: 1073741824\r\n' : '';
      socket.write(`HTTP/1.1 200 OK\r\n${length}\r\n`);
      const chunk = Buffer.alloc(65_536, 'x');
      const fill = (): void => {
        while (!socket.destroyed && sent < 2 ** 30 && socket.write(chunk)) sent += chunk.length;
      };
      socket.on('drain', fill);
      fill();
    };
    for (isAnnounced of [true, false]) {
      sent = 0;
      const outcome = await outcomeOf(flood);
      assert.deepEqual(essence(outcome), { kind: 'answered', status: 200, retryAfterMs: 0 });
      assert.ok(sent < 64 * 2 ** 20, `${sent} bytes left the endpoint`);
    }
  });

  it('whose body comes a byte at a time is not waited for', async () => {
    const slow: Behaviour = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      dribble(socket, 'x');
    };
    const outcome = await outcomeOf(slow, { bodyMs: SHORT_MS });
    assert.deepEqual(essence(outcome), { kind: 'answered', status: 200, retryAfterMs: 0 });
    assert.ok(outcome.wireMs < LONG_MS / 2);
  });

  it('whose body breaks off has its status all the same', async () => {
    const outcome = await outcomeOf((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx', () => socket.destroy()),
    );
    assert.equal(outcome.kind, 'answered');
  });

  it('comes over TLS too', async () => {
    const options = { scheme: 'https', dialer: dialer({ ca: TEST_CERTIFICATE }) };
    const outcome = await outcomeOf(answering('HTTP/1.1 200 OK'), options, { tls: true });
    assert.deepEqual(essence(outcome), { kind: 'answered', status: 200, retryAfterMs: 0 });
  });
});

describe('An attempt fails', { timeout: 30_000 }, () => {
  it('as connect where nobody listens', async () => {
    const endpoint = await FakeEndpoint.start(() => {});
    const { port } = endpoint;
    await endpoint[Symbol.asyncDispose]();
    const outcome = await postCallback(
      { url: `http://127.0.0.1:${port}/`, headers: {}, body: '' },
      { dialer: dialer(), clock: CLOCK, signal: NEVER },
    );
    assert.equal(errorOf(outcome), 'connect: no connection (ECONNREFUSED)');
  });

  it('as address_refused where it may not go', async () => {
    await using inner = await FakeEndpoint.start(answering('HTTP/1.1 200 OK'), { address: '127.0.0.2' });
    const outcome = await postCallback(
      { url: `http://127.0.0.2:${inner.port}/`, headers: {}, body: '' },
      { dialer: dialer(), clock: CLOCK, signal: NEVER },
    );
    assert.match(errorOf(outcome), /^address_refused: .* 127\.0\.0\.2 is a loopback address/);
    assert.equal(inner.connections, 0);
  });

  it('as tls where the certificate signs itself', async () => {
    const outcome = await outcomeOf(answering('HTTP/1.1 200 OK'), { scheme: 'https' }, { tls: true });
    assert.equal(errorOf(outcome), 'tls: the TLS handshake failed (DEPTH_ZERO_SELF_SIGNED_CERT)');
  });

  const late = new RegExp(`^timeout: no answer within ${SHORT_MS} ms$`);
  const failing: readonly (readonly [what: string, behaviour: Behaviour, error: RegExp])[] = [
    ['never answers', () => {}, late],
    ['answers a byte at a time', (socket) => dribble(socket, 'HTTP/1.1 200 OK\r\nX: y'), late],
    ['sends early hints without end', (socket) => dribble(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'), late],
  ];
  for (const [what, behaviour, error] of failing)
    it(`as timeout where the endpoint ${what}`, async () => {
      assert.match(errorOf(await outcomeOf(behaviour, { totalMs: SHORT_MS })), error);
    });

  const broken: readonly (readonly [what: string, behaviour: Behaviour, error: RegExp])[] = [
    ['resets the connection', (socket) => socket.resetAndDestroy(), /^reset: .* \(ECONNRESET\)$/],
    [
      'hangs up',
      (socket) => socket.end(),
      /^reset: the connection broke before an answer \(UND_ERR_SOCKET\)$/,
    ],
    ['hangs up within the header', (socket) => socket.end('HTTP/1.1 200 OK\r\nX'), /^(reset|protocol): /],
    [
      'talks no HTTP',
      (socket) => socket.end('220 mail.example.net ESMTP\r\n'),
      /^protocol: no HTTP answer came$/,
    ],
    [
      'switches protocols',
      (socket) => socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      /^(reset|protocol): /,
    ],
  ];
  for (const [what, behaviour, error] of broken)
    it(`where the endpoint ${what}`, async () => {
      assert.match(errorOf(await outcomeOf(behaviour)), error);
    });

  it('as protocol where the header of the answer has no end, of which little is read', async () => {
    let sent = 0;
    const outcome = await outcomeOf((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const line = `X-Long: ${'x'.repeat(1_000)}\r\n`;
      const fill = (): void => {
        while (!socket.destroyed && sent < 2 ** 30 && socket.write(line)) sent += line.length;
      };
      socket.on('drain', fill);
      fill();
    });
    assert.match(errorOf(outcome), /^protocol: the header of the answer has more than 16384 bytes/);
    assert.ok(sent < 64 * 2 ** 20, `${sent} bytes left the endpoint`);
  });

  it('as protocol with headers that cannot be sent, and closes the connection', async () => {
    await using endpoint = await FakeEndpoint.start(() => {});
    const outcome = await postCallback(
      { url: `http://127.0.0.1:${endpoint.port}/`, headers: { 'webhook-id': 'a\nb' }, body: '' },
      { dialer: dialer(), clock: CLOCK, signal: NEVER },
    );
    assert.match(errorOf(outcome), /^protocol: .*\(UND_ERR_INVALID_ARG\)$/);
    await endpoint.allClosed();
    assert.deepEqual(endpoint.requests, []);
  });

  it('without telling what the endpoint sent', async () => {
    const outcome = await outcomeOf((socket) => socket.end('secret of the inside\r\n'));
    assert.ok(!JSON.stringify(outcome).includes('secret'));
  });
});

describe('An attempt that is interrupted', { timeout: 30_000 }, () => {
  it('ends at once and says so, its connection closed', async () => {
    const stop = new AbortController();
    const outcome = await outcomeOf(() => stop.abort(), { signal: stop.signal });
    assert.equal(outcome.kind, 'interrupted');
  });

  it('before it began contacts nobody', async () => {
    await using endpoint = await FakeEndpoint.start(() => {});
    assert.equal((await post(endpoint, { signal: AbortSignal.abort() })).kind, 'interrupted');
    assert.deepEqual(endpoint.requests, []);
  });

  it('just when the connection stands sends nothing', async () => {
    const stop = new AbortController();
    const open = dialer();
    open.dial = async (...args) => {
      const dialled = await Dialer.prototype.dial.apply(open, args);
      stop.abort();
      return dialled;
    };
    await using endpoint = await FakeEndpoint.start(() => {});
    const outcome = await post(endpoint, { dialer: open, signal: stop.signal });
    assert.equal(outcome.kind, 'interrupted');
    await endpoint.allClosed();
    assert.deepEqual(endpoint.requests, []);
  });

  it('while the body of an answer comes is answered all the same', async () => {
    const stop = new AbortController();
    const outcome = await outcomeOf(
      (socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', () =>
          setTimeout(() => stop.abort(), SHORT_MS),
        ),
      { signal: stop.signal },
    );
    assert.equal(outcome.kind, 'answered');
  });
});

it('Attempts leave no listeners at the signal that they share', async () => {
  await using endpoint = await FakeEndpoint.start(answering('HTTP/1.1 200 OK'));
  let listeners = 0;
  const signal = new (class extends EventTarget {
    readonly aborted = false;
    override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
      listeners++;
      super.addEventListener(...args);
    }
    override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
      listeners--;
      super.removeEventListener(...args);
    }
  })() as AbortSignal;
  for (let i = 0; i < 20; i++) await post(endpoint, { signal });
  assert.equal(listeners, 0);
});

it('Retries and breakers are told the essence', () => {
  const failed = (errorClass: 'dns' | 'timeout' | 'address_refused') =>
    toAttemptOutcome({ kind: 'failed', errorClass, detail: '', wireMs: 0 }).kind;
  assert.deepEqual(
    [failed('dns'), failed('timeout'), failed('address_refused')],
    ['unreachable', 'timed-out', 'forbidden'],
  );
  assert.deepEqual(toAttemptOutcome({ kind: 'answered', status: 429, retryAfterMs: 5, wireMs: 1 }), {
    kind: 'answered',
    status: 429,
    retryAfterMs: 5,
  });
});
