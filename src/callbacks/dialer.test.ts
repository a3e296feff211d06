import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it, mock } from 'node:test';
import { parseAllowList } from './allow-list.ts';
import { Deadline } from './deadline.ts';
import { connect, Dialer, type Dialled, type DialerOptions } from './dialer.ts';
import { FakeDns, type ZoneEntry } from './fake-dns.ts';
import { FakeEndpoint } from './fake-endpoint.ts';
import { DEFAULT_PORT_RANGES } from './port-ranges.ts';
import { TEST_CERTIFICATE } from './test-certificate.ts';

/** Stands for a public address: the only one that is open. */
const PUBLIC = '127.0.0.1';
/** Stands for an internal one. */
const PRIVATE = '127.0.0.2';
const NEVER = new AbortController().signal;

function dialer(dns: FakeDns | undefined, allow = PUBLIC, options: Partial<DialerOptions> = {}): Dialer {
  const parsed = parseAllowList(allow);
  assert.ok(parsed.kind === 'ok');
  return new Dialer({
    policy: { allowList: parsed.allowList, ports: DEFAULT_PORT_RANGES },
    ...(dns ? { dnsServers: dns.servers } : {}),
    ...options,
  });
}

/** What came of a dial; a connection is closed again. */
function told(result: Dialled): string {
  if (result.kind === 'failed') return `${result.errorClass}: ${result.detail}`;
  if (result.kind === 'unable') return `unable: ${result.code}`;
  const address = result.socket.remoteAddress;
  result.socket.destroy();
  return `connected to ${address}`;
}

/** Dials `hooks.example.net` in this zone, with an endpoint at the public and one at the private address, of one port. */
async function dialledIn(
  entry: ZoneEntry,
): Promise<{ told: string; innerConnections: number; questions: string[] }> {
  await using dns = await FakeDns.start({ 'hooks.example.net': entry });
  await using outer = await FakeEndpoint.start(() => {}, { address: PUBLIC });
  await using inner = await FakeEndpoint.start(() => {}, { address: PRIVATE, port: outer.port });
  const resolveMs = entry === 'silent' ? 150 : 10_000;
  const result = await dialer(dns, PUBLIC, { resolveMs }).dial(
    `http://hooks.example.net:${outer.port}/`,
    NEVER,
  );
  return { told: told(result), innerConnections: inner.connections, questions: dns.questions };
}

describe('A name', () => {
  const cases: readonly (readonly [what: string, entry: ZoneEntry, told: RegExp])[] = [
    ['with one open address is connected to', { a: [PUBLIC] }, /^connected to 127\.0\.0\.1$/],
    [
      'with a closed address is refused',
      { a: [PRIVATE] },
      /^address_refused: hooks\.example\.net leads to a loopback/,
    ],
    ['with an open and a closed address is refused', { a: [PUBLIC, PRIVATE] }, /^address_refused/],
    ['with a closed and an open address is refused', { a: [PRIVATE, PUBLIC] }, /^address_refused/],
    ['whose IPv6 address alone is closed is refused', { a: [PUBLIC], aaaa: ['::1'] }, /^address_refused/],
    [
      'with IPv4 in an IPv6 address is refused',
      { a: [PUBLIC], aaaa: ['::ffff:7f00:1'] },
      /an IPv4-mapped address/,
    ],
    ['with a NAT64 address is refused', { aaaa: ['64:ff9b::7f00:1'] }, /a NAT64 address/],
    [
      'that is an alias of one inside is refused',
      { cname: 'db.corp.example.net', a: [PRIVATE] },
      /^address_refused/,
    ],
    [
      'that is an alias of one outside is connected to',
      { cname: 'lb.example.net', a: [PUBLIC] },
      /^connected/,
    ],
    ['that does not exist is told so', 'unknown', /^dns: there is no host hooks\.example\.net$/],
    ['without addresses is told so', {}, /^dns: hooks\.example\.net has no address$/],
    [
      'whose server never answers is given up',
      'silent',
      /^dns: no name server answered for .* within 150 ms$/,
    ],
  ];
  for (const [what, entry, expected] of cases)
    it(what, async () => {
      const result = await dialledIn(entry);
      assert.match(result.told, expected);
      assert.equal(result.innerConnections, 0);
    });

  it('that leads elsewhere with each question is asked for once, and what was judged is dialled', async () => {
    let asked = 0;
    const result = await dialledIn(() => ({ a: [asked++ < 2 ? PUBLIC : PRIVATE] }));
    assert.match(result.told, /^connected to 127\.0\.0\.1$/);
    assert.equal(result.innerConnections, 0);
    assert.deepEqual(result.questions.toSorted(), ['A hooks.example.net', 'AAAA hooks.example.net']);
  });

  it('is looked up and judged anew at each dial', async () => {
    let address = PUBLIC;
    await using dns = await FakeDns.start({ 'hooks.example.net': () => ({ a: [address] }) });
    await using endpoint = await FakeEndpoint.start(() => {});
    const ours = dialer(dns);
    const url = `http://hooks.example.net:${endpoint.port}/`;
    assert.match(told(await ours.dial(url, NEVER)), /^connected/);
    address = PRIVATE;
    assert.match(told(await ours.dial(url, NEVER)), /^address_refused/);
    assert.equal(endpoint.connections, 1);
  });

  it('does not tell where inside it leads', async () => {
    assert.ok(!(await dialledIn({ a: ['10.20.30.40'] })).told.includes('10.20.30.40'));
  });

  // Without help, c-ares would wait for longer.
  it('whose look-up is interrupted is given up at once', { timeout: 60_000 }, async () => {
    await using dns = await FakeDns.start({ 'hooks.example.net': 'silent' });
    const ours = dialer(dns, PUBLIC, { resolveMs: 600_000 });
    const stop = new AbortController();
    const dialling = ours.dial('http://hooks.example.net:8080/', stop.signal);
    stop.abort();
    assert.match(told(await dialling), /^dns/);
    assert.match(told(await ours.dial('http://hooks.example.net:8080/', AbortSignal.abort())), /^dns/);
  });

  it('on the allow list is looked up as the machine does, and may lead anywhere', async () => {
    await using dns = await FakeDns.start({});
    await using endpoint = await FakeEndpoint.start(() => {});
    const url = `http://localhost:${endpoint.port}/`;
    assert.match(told(await dialer(dns, 'localhost').dial(url, NEVER)), /^connected to 127\.0\.0\.1$/);
    assert.deepEqual(dns.questions, []);
    assert.match(
      told(await dialer(dns, PUBLIC).dial(url, NEVER)),
      /^address_refused: the URL is not allowed/,
    );
  });
});

describe('A dial', () => {
  it('refuses a URL that is not accepted any more', async () => {
    await using endpoint = await FakeEndpoint.start(() => {});
    const url = `http://127.0.0.1:${endpoint.port}/`;
    assert.match(told(await dialer(undefined).dial(url, NEVER)), /^connected/);
    assert.match(
      told(await dialer(undefined, '').dial(url, NEVER)),
      /^address_refused: .* a loopback address/,
    );
    assert.equal(endpoint.connections, 1);
  });

  it('says where nobody listens', async () => {
    const endpoint = await FakeEndpoint.start(() => {});
    const { port } = endpoint;
    await endpoint[Symbol.asyncDispose]();
    const result = await dialer(undefined).dial(`http://127.0.0.1:${port}/`, NEVER);
    assert.equal(told(result), 'connect: no connection (ECONNREFUSED)');
  });

  it('tries another address where nobody listens at the first', async () => {
    await using dns = await FakeDns.start({ 'hooks.example.net': { a: ['127.0.0.3', PUBLIC] } });
    await using endpoint = await FakeEndpoint.start(() => {});
    const ours = dialer(dns, `${PUBLIC},127.0.0.3`);
    assert.match(
      told(await ours.dial(`http://hooks.example.net:${endpoint.port}/`, NEVER)),
      /^connected to 127\.0\.0\.1$/,
    );
  });

  it('tries only a few of many addresses', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `127.0.1.${i + 1}`);
    await using dns = await FakeDns.start({ 'hooks.example.net': { a: [...many, PUBLIC] } });
    await using endpoint = await FakeEndpoint.start(() => {});
    const ours = dialer(dns, `${PUBLIC},127.0.1.0/24`);
    assert.match(told(await ours.dial(`http://hooks.example.net:${endpoint.port}/`, NEVER)), /^connect: /);
    assert.equal(endpoint.connections, 0);
  });

  it('that is interrupted leaves no connection behind', { timeout: 10_000 }, async () => {
    await using endpoint = await FakeEndpoint.start(() => {});
    const url = `http://127.0.0.1:${endpoint.port}/`;
    const stop = new AbortController();
    const dialling = dialer(undefined).dial(url, stop.signal);
    stop.abort();
    assert.match(told(await dialling), /^timeout/);
    // Connections are accepted in order, so the first is seen by now, if there is one.
    assert.match(told(await dialer(undefined).dial(url, NEVER)), /^connected/);
    await endpoint.allClosed();
  });

  it('hangs up before a byte is sent when it has ended up where it may not', async () => {
    let received = '';
    const closed = Promise.withResolvers<void>();
    const server = net.createServer((socket) => {
      socket.on('data', (chunk) => (received += String(chunk)));
      socket.on('error', () => {});
      socket.on('close', () => closed.resolve());
    });
    await new Promise<void>((resolve) => void server.listen(0, PRIVATE, resolve));
    const { port } = server.address() as net.AddressInfo;
    using deadline = new Deadline(5_000, NEVER);
    const target = { hostname: 'hooks.example.net', port, addresses: [PRIVATE] };
    const seen: string[] = [];
    const result = await connect(target, (address) => seen.push(address) === 0, deadline);
    assert.ok(result.kind === 'failed');
    assert.equal(result.errorClass, 'address_refused');
    assert.deepEqual(seen, [PRIVATE]);
    await closed.promise;
    assert.equal(received, '');
    server.close();
  });
});

describe('With TLS', () => {
  async function secured(
    host: string,
    options: Partial<DialerOptions>,
  ): Promise<{ told: string; name: unknown }> {
    await using dns = await FakeDns.start({
      'hooks.example.net': { a: [PUBLIC] },
      'other.example.net': { a: [PUBLIC] },
    });
    await using endpoint = await FakeEndpoint.start(() => {}, { tls: true });
    const result = await dialer(dns, PUBLIC, options).dial(`https://${host}:${endpoint.port}/`, NEVER);
    // The client is through with the handshake first.
    const name = result.kind === 'connected' ? await endpoint.serverName : undefined;
    return { told: told(result), name };
  }

  it('the server is told the name, and its certificate must be for it, though an address is dialled', async () => {
    const result = await secured('hooks.example.net', { ca: TEST_CERTIFICATE });
    assert.match(result.told, /^connected to 127\.0\.0\.1$/);
    assert.equal(result.name, 'hooks.example.net');
  });

  it('a certificate for another name is an error', async () => {
    const result = await secured('other.example.net', { ca: TEST_CERTIFICATE });
    assert.equal(result.told, 'tls: the TLS handshake failed (ERR_TLS_CERT_ALTNAME_INVALID)');
  });

  it('a certificate that signs itself is an error', async () => {
    const result = await secured('hooks.example.net', {});
    assert.equal(result.told, 'tls: the TLS handshake failed (DEPTH_ZERO_SELF_SIGNED_CERT)');
  });

  it('an address as host must stand in the certificate, and no name is told', async () => {
    const result = await secured('127.0.0.1', { ca: TEST_CERTIFICATE });
    assert.match(result.told, /^connected/);
    assert.equal(result.name, false);
  });

  it('a server that speaks no TLS is an error', async () => {
    const server = net.createServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => void server.listen(0, PUBLIC, resolve));
    const { port } = server.address() as net.AddressInfo;
    assert.match(
      told(await dialer(undefined).dial(`https://127.0.0.1:${port}/`, NEVER)),
      /^tls: the TLS handshake failed/,
    );
    server.close();
  });

  it('a server that never shakes hands is given up, and its connection closed', async () => {
    await using endpoint = await FakeEndpoint.start(() => {});
    const ours = dialer(undefined, PUBLIC, { connectMs: 100 });
    const result = await ours.dial(`https://127.0.0.1:${endpoint.port}/`, NEVER);
    assert.equal(told(result), 'timeout: not connected within 100 ms');
    await endpoint.allClosed();
  });
});

describe('A dial for which this machine has no means', () => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENETDOWN']) {
    it(`is told apart from one that the other side has failed: ${code}`, async () => {
      const connecting = mock.method(net, 'connect', () => {
        const socket = new net.Socket();
        setImmediate(() => socket.destroy(Object.assign(new Error(code), { code })));
        return socket;
      });
      try {
        assert.equal(told(await dialer(undefined).dial(`http://${PUBLIC}:8080/`, NEVER)), `unable: ${code}`);
      } finally {
        connecting.mock.restore();
      }
    });
  }
});
