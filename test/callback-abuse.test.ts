/**
 * Callbacks as a means to do harm: to reach inside, to learn what is there, to make a nuisance of us. In these tests
 * one address of loopback stands for the public Internet, since it was opened, and another one for what must never be reached.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FakeDns } from '../src/callbacks/fake-dns.ts';
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from '../src/callbacks/test-certificate.ts';
import { ask, assertProblem, list, look } from './support/api.ts';
import {
  attempted,
  attemptsOf,
  outcomesOf,
  postAsync,
  settled,
  submitAllAsync,
  submitAsync,
} from './support/callbacks.ts';
import { answer, inTurn, later, Receiver, type Behaviour } from './support/receiver.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const PUBLIC = '127.0.0.1';
const PRIVATE = '127.0.0.2';
const PER_HOST_MAX = 2;
const RATE = 5;
const TLS = { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY };
const NUMBERS = [91n, 93n, 95n, 99n, 111n, 115n];

/** A look-up asks for both families. */
const QUESTIONS = 2;
let questionsAboutRebinding = 0;
let moved = false;
const ZONE = {
  // Leads outside when it is looked up, and inside from the moment at which that is over.
  'rebinding.example.net': () => ({ a: [questionsAboutRebinding++ < QUESTIONS ? PUBLIC : PRIVATE] }),
  'moving.example.net': () => ({ a: [moved ? PRIVATE : PUBLIC] }),
  'mixed.example.net': { a: [PUBLIC, PRIVATE] },
  'inside.example.net': { a: [PRIVATE] },
  'alias.example.net': { cname: 'metadata.internal', a: ['169.254.169.254'] },
  'mapped.example.net': { a: [PUBLIC], aaaa: ['::ffff:7f00:2'] },
  'hooks.example.net': { a: [PUBLIC] },
  'other.example.net': { a: [PUBLIC] },
  'silent.example.net': 'silent',
} as const;

/** What must not be accepted, with what must be said about it. */
const REFUSED: readonly (readonly [url: string, reason: RegExp])[] = [
  ['http://127.0.0.2/', /loopback/],
  ['http://127.2/', /loopback/],
  ['http://0x7f000002/', /loopback/],
  ['http://2130706434/', /loopback/],
  ['http://0177.0.0.2/', /loopback/],
  ['http://127。0。0。2/', /loopback/],
  ['http://[::1]/', /loopback/],
  ['http://[::ffff:127.0.0.2]/', /IPv4-mapped/],
  ['http://[64:ff9b::7f00:2]/', /NAT64/],
  ['http://0.0.0.0/', /unspecified/],
  ['http://10.1.2.3/', /private/],
  ['http://169.254.169.254/latest/meta-data/', /link-local/],
  ['http://[fd00::1]/', /private/],
  ['http://localhost/', /without a dot/],
  ['http://localhost./', /without a dot/],
  ['http://app.localhost/', /localhost/],
  ['http://redis:6379/', /without a dot/],
  ['http://metadata.google.internal/', /internal/],
  ['http://hooks.example.com:22/', /port is 22/],
  ['http://user:pa55word@hooks.example.com/', /user name or password/],
  ['http://127.0.0.1@hooks.example.com/', /user name or password/],
  ['https://hooks.example.com/#part', /fragment/],
  ['ftp://hooks.example.com/', /scheme/],
  ['file:///etc/passwd', /scheme/],
  ['javascript:alert(1)', /scheme/],
  ['//hooks.example.com/', /no absolute URL/],
  ['http://hooks.example.com/\r\nx-injected: 1', /control characters/],
  [`http://hooks.example.com/${'x'.repeat(3_000)}`, /at most 2048/],
];

describe('abuse of callbacks', { concurrency: true }, () => {
  let dns: FakeDns;
  let limited: Receiver;
  let server: Server;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-abuse-'));
    const authority = path.join(folder, 'authority.pem');
    await writeFile(authority, TEST_CERTIFICATE);
    dns = await FakeDns.start(ZONE);
    limited = await Receiver.start();
    server = await Server.start({
      env: {
        FAIRSIEVE_CALLBACK_ALLOW: PUBLIC,
        FAIRSIEVE_CALLBACK_DNS: dns.servers.join(','),
        FAIRSIEVE_CALLBACK_RETRIES: '1s,1h',
        FAIRSIEVE_CALLBACKS_PER_HOST: String(PER_HOST_MAX),
        FAIRSIEVE_CALLBACK_RATES: `${limited.host}=${RATE}`,
        FAIRSIEVE_LOG_LEVEL: 'trace',
        NODE_EXTRA_CA_CERTS: authority,
      },
    });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await limited[Symbol.asyncDispose]();
    await dns[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  /** Two receivers at one port, as a name that moves would need them. */
  async function pair(
    outsideBehaviour: Behaviour,
  ): Promise<{ outside: Receiver; inside: Receiver } & AsyncDisposable> {
    const outside = await Receiver.start(outsideBehaviour, { address: PUBLIC });
    const inside = await Receiver.start(answer(204), { address: PRIVATE, port: outside.port });
    const close = async (): Promise<void> => {
      await outside[Symbol.asyncDispose]();
      await inside[Symbol.asyncDispose]();
    };
    return { outside, inside, [Symbol.asyncDispose]: close };
  }
  /** Has 91 factored and told to that name. */
  const submitTo = (name: string, { port }: Receiver, scheme = 'http'): Promise<string> =>
    submitAsync(server, 91n, `${scheme}://${name}:${port}/hook`, name);

  test('a URL that leads inside by itself is not accepted, and the reason is told', async () => {
    for (const [callback_url, reason] of REFUSED) {
      const reply = await postAsync(server, { number: '91', callback_url }, 'refused');
      const { detail } = assertProblem(reply, 422, 'callback_url_invalid');
      assert.match(detail, reason, callback_url);
    }
    assert.deepEqual((await list(server, { caller_id: 'refused' })).requests, []);
    assert.ok(!server.log.includes('pa55word'));
  });

  test('a name that leads inside once it was checked is dialled where it was checked, and later not at all', async () => {
    await using both = await pair(answer(500));
    const request = await attempted(server, await submitTo('rebinding.example.net', both.outside), 2);
    assert.deepEqual(outcomesOf(request), [500, 'address_refused']);
    assert.equal(both.outside.calls.length, 1);
    assert.equal(both.inside.connections, 0);
  });

  test('a name that has moved inside by the next attempt is not called there, and the caller is told why', async () => {
    const move: Behaviour = (response, call) => {
      moved = true;
      answer(503)(response, call);
    };
    await using both = await pair(move);
    const request = await attempted(server, await submitTo('moving.example.net', both.outside), 2);
    assert.deepEqual(outcomesOf(request), [503, 'address_refused']);
    const { error } = attemptsOf(request)[1]!;
    assert.equal(
      error,
      'address_refused: moving.example.net leads to a loopback address, only public ones are allowed',
    );
    assert.equal(both.inside.connections, 0);
  });

  for (const name of ['mixed', 'inside', 'alias', 'mapped'] as const) {
    test(`nobody is contacted for a name as ${name}.example.net`, async () => {
      await using both = await pair(answer(204));
      const request = await attempted(server, await submitTo(`${name}.example.net`, both.outside), 2);
      assert.deepEqual(outcomesOf(request), ['address_refused', 'address_refused']);
      assert.equal(request.delivery, 'pending');
      // The addresses behind a name are none of the caller's business.
      for (const { error } of attemptsOf(request)) assert.doesNotMatch(error!, /127\.0|169\.254|::/);
      assert.deepEqual([both.outside.connections, both.inside.connections], [0, 0]);
    });
  }

  test('names that do not exist and name servers that do not answer are failed attempts with that reason', async () => {
    const [unknown, silent] = await Promise.all(
      ['unknown.example.net', 'silent.example.net'].map((name) => submitTo(name, limited)),
    );
    assert.match(
      attemptsOf(await attempted(server, unknown!, 1))[0]!.error!,
      /^dns: there is no host unknown\.example\.net/,
    );
    assert.match(attemptsOf(await attempted(server, silent!, 1))[0]!.error!, /^dns: no name server answered/);
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`a redirection by ${status} is not followed, wherever it leads`, async () => {
      await using inside = await Receiver.start(answer(204), { address: PRIVATE });
      await using open = await Receiver.start();
      await using receiver = await Receiver.start(
        inTurn(answer(status, { location: inside.url() }), answer(status, { location: open.url() })),
      );
      const request = await attempted(
        server,
        await submitAsync(server, 91n, receiver.url(), 'redirected'),
        2,
      );
      assert.deepEqual(outcomesOf(request), [status, status]);
      assert.deepEqual([inside.connections, open.connections], [0, 0]);
    });
  }

  test('a receiver with a valid certificate is told, one whose certificate is for another name learns nothing', async () => {
    await using receiver = await Receiver.start(answer(204), { tls: TLS });
    const told = await settled(server, await submitTo('hooks.example.net', receiver, 'https'), 'delivered');
    assert.equal(receiver.calls[0]?.headers.host, `hooks.example.net:${receiver.port}`);
    const other = await attempted(server, await submitTo('other.example.net', receiver, 'https'), 1);
    assert.equal(outcomesOf(other)[0], 'tls');
    assert.deepEqual(
      receiver.calls.map(({ body }) => body.request_id),
      [told.request_id],
    );
  });

  test('what a receiver answers is shown nowhere, nor is the query of its URL in lists and logs', async () => {
    const tattle: Behaviour = (response) =>
      response.writeHead(500, 'inner-phrase', { 'x-inner': 'inner-header' }).end('inner-body');
    await using receiver = await Receiver.start(inTurn(tattle, answer(204)));
    const requestId = await submitAsync(server, 91n, receiver.url('/hook?token=t0ken'), 'discreet');
    const request = await settled(server, requestId, 'delivered');
    assert.equal(request.callback_url, receiver.url('/hook?token=t0ken'));
    assert.doesNotMatch(JSON.stringify(await look(server, requestId)), /inner-/);
    const page = await ask(server, '/requests?caller_id=discreet');
    assert.match(page.text, /\/hook"/);
    assert.doesNotMatch(page.text, /t0ken|inner-/);
    const { text } = await ask(server, '/metrics');
    assert.doesNotMatch(text, /t0ken|inner-|discreet/);
    assert.doesNotMatch(server.log, /t0ken|inner-/);
  });

  test('a host is not called more often at a time than configured, however many callers name it', async () => {
    await using receiver = await Receiver.start(later(50, answer(204)));
    const callers = ['one', 'two', 'three', 'four'];
    await Promise.all(callers.map((caller) => submitAllAsync(server, NUMBERS, receiver.url(), caller)));
    await until('all callbacks', () => receiver.calls.length === callers.length * NUMBERS.length);
    assert.equal(receiver.underWayMax, PER_HOST_MAX);
  });

  test('a host with a rate is not called faster, however many callers name it', async () => {
    const callers = ['five', 'six', 'seven'];
    const ids = await Promise.all(
      callers.map((caller) => submitAllAsync(server, NUMBERS, limited.url(), caller)),
    );
    const times: number[] = [];
    for (const requestId of ids.flat()) {
      const request = await settled(server, requestId, 'delivered');
      times.push(...attemptsOf(request).map(({ at }) => Date.parse(at)));
    }
    assert.equal(times.length, callers.length * NUMBERS.length);
    times.sort((a, b) => a - b);
    for (const [i, fromMs] of times.entries())
      for (const [more, toMs] of times.slice(i).entries()) {
        // A burst of a second's worth is allowed; and as many more as may be under way, since each is noted a moment after it began.
        const most = RATE + (RATE * (toMs - fromMs)) / 1_000 + PER_HOST_MAX;
        assert.ok(more + 1 <= most, `${more + 1} calls within ${toMs - fromMs} ms`);
      }
  });
});
