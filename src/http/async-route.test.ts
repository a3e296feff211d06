import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAllowList } from '../callbacks/allow-list.ts';
import { DEFAULT_PORT_RANGES } from '../callbacks/port-ranges.ts';
import type { RequestBody } from '../contract/request-body.ts';
import type { Accepted, AcceptedBatch } from '../contract/submission.ts';
import { PROBLEMS, type ErrorCode } from '../domain/error-code.ts';
import { problemOf, TestServer } from './test-server.ts';

const URL_HERE = 'https://hooks.example.com/factored?token=s3cret';

describe('POST /async', () => {
  it('takes a number with where to tell its end, and answers 202 with what the client needs to follow it', async () => {
    await using server = await TestServer.start();
    const response = await server.post('/async', { number: '2^128+1', callback_url: URL_HERE });
    assert.equal(response.status, 202);
    const body = (await response.json()) as Accepted;
    assert.deepEqual(body, {
      request_id: '0000000000000000000000000001',
      status: 'queued',
      number: String(2n ** 128n + 1n),
      position: null,
      expected_ms: null,
    });
    assert.equal(response.headers.get('location'), `/requests/${body.request_id}`);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.deepEqual(server.service.accepted, [
      { callerId: 'anonymous', mode: 'async', numbers: [2n ** 128n + 1n], callbackUrl: URL_HERE },
    ]);
  });

  it('takes many numbers with one URL for all, and answers in their order', async () => {
    await using server = await TestServer.start();
    const body = { numbers: [15, '2^5', 16], callback_url: URL_HERE };
    const response = await server.post('/async', body, { 'x-caller-id': 'acme' });
    assert.equal(response.status, 202);
    const { requests } = (await response.json()) as AcceptedBatch;
    assert.deepEqual(
      requests.map(({ number }) => number),
      ['15', '32', '16'],
    );
    assert.deepEqual(server.service.accepted, [
      { callerId: 'acme', mode: 'async', numbers: [15n, 32n, 16n], callbackUrl: URL_HERE },
    ]);
  });

  it('shows the whole URL, with how its callback stands', async () => {
    await using server = await TestServer.start();
    const body = { number: 15, callback_url: URL_HERE };
    const { request_id } = (await (await server.post('/async', body)).json()) as Accepted;
    const request = (await (await server.fetch(`/requests/${request_id}`)).json()) as RequestBody;
    assert.deepEqual([request.mode, request.callback_url], ['async', URL_HERE]);
    assert.deepEqual([request.delivery, request.sequence, request.next_attempt_at], ['pending', null, null]);
  });

  it('keeps the URL in its normal form, which is the one that was judged', async () => {
    await using server = await TestServer.start();
    const given = 'HTTPS://Hooks.Example.COM.:443/a/../factored';
    await server.post('/async', { number: 15, callback_url: given });
    assert.equal(server.service.accepted[0]?.callbackUrl, 'https://hooks.example.com/factored');
  });

  it('says nothing of asking again where a known number has ended at once', async () => {
    await using server = await TestServer.start();
    server.service.refusal = {
      kind: 'accepted',
      requests: [server.service.add({ status: 'done' })],
      replayed: false,
    };
    const response = await server.post('/async', { number: 15, callback_url: URL_HERE });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get('retry-after'), null);
  });

  it('takes inner addresses that are allowed, and no others', async () => {
    const parsed = parseAllowList('10.1.0.0/16, hooks.internal');
    assert(parsed.kind === 'ok');
    const callbackPolicy = { allowList: parsed.allowList, ports: DEFAULT_PORT_RANGES };
    await using server = await TestServer.start({ callbackPolicy });
    const statuses = [];
    for (const host of ['10.1.2.3', 'hooks.internal', '10.2.2.3', 'other.internal'])
      statuses.push((await server.post('/async', { number: 15, callback_url: `http://${host}/` })).status);
    assert.deepEqual(statuses, [202, 202, 422, 422]);
  });
});

describe('POST /async with an Idempotency-Key', () => {
  const KEY = { 'idempotency-key': 'k-1' };

  it('gives the same answer for the same numbers and URL, however they are written', async () => {
    await using server = await TestServer.start();
    const first = await server.post('/async', { number: 255, callback_url: 'https://a.example/' }, KEY);
    const again = await server.post('/async', { number: '0xff', callback_url: 'https://A.example' }, KEY);
    assert.equal(await again.text(), await first.text());
    assert.equal(server.service.requests.size, 1);
  });

  it('is refused for another URL, another number, another form and another door', async () => {
    await using server = await TestServer.start();
    const callback_url = 'https://a.example/';
    await server.post('/async', { number: 15, callback_url }, KEY);
    const others: [path: string, body: object][] = [
      ['/async', { number: 15, callback_url: 'https://a.example/?other' }],
      ['/async', { number: 21, callback_url }],
      ['/async', { numbers: [15], callback_url }],
      ['/sync', { number: 15 }],
      ['/requests?caller_id=anonymous', { number: 15 }],
    ];
    for (const [path, body] of others) {
      const problem = await problemOf(await server.post(path, body, KEY));
      assert.equal(problem.code, 'idempotency_conflict', JSON.stringify(body));
    }
    assert.equal(server.service.requests.size, 1);
  });
});

describe('POST /async refuses a callback URL', () => {
  const rows: [what: string, url: string, says: RegExp][] = [
    ['that is empty', '', /it is no absolute URL/],
    ['that is relative', '/factored', /it is no absolute URL/],
    ['without a host', 'https://', /it is no absolute URL/],
    ['with a blank', 'https://hooks.example.com/a b', /it has blanks or control characters/],
    ['with a line break', 'https://hooks.example.com/\nHost: x', /it has blanks or control characters/],
    [
      'of another scheme',
      'ftp://hooks.example.com/',
      /its scheme is ftp:, only http: and https: are allowed/,
    ],
    ['of a scheme that is code', 'javascript:alert(1)', /its scheme is javascript:/],
    ['with a password', 'https://me:s3cret@hooks.example.com/', /it has a user name or password/],
    ['with a fragment', 'https://hooks.example.com/#s3cret', /it has a fragment/],
    [
      'on the port of mail',
      'http://hooks.example.com:25/',
      /its port is 25, only 80, 443, 1024-65535 are allowed/,
    ],
    ['that leads home', 'http://127.0.0.1:8080/', /its host 127\.0\.0\.1 is .*only public ones are allowed/],
    ['that leads home in hexadecimal', 'http://0x7f.1/', /its host 127\.0\.0\.1 is/],
    ['that leads home in IPv6', 'http://[::ffff:127.0.0.1]/', /only public ones are allowed/],
    ['that leads to a private network', 'http://192.168.1.1/s3cret', /its host 192\.168\.1\.1 is/],
    [
      'that leads to the metadata of a cloud',
      'http://169.254.169.254/latest',
      /its host 169\.254\.169\.254 is/,
    ],
    ['with a name without a dot', 'http://redis:6379/', /its host redis is a name without a dot/],
    ['with the name of this machine', 'http://localhost/', /its host localhost is a name without a dot/],
    ['with a name of the inside', 'http://vault.internal/', /ends in \.internal/],
    [
      'of 3,000 characters',
      `https://hooks.example.com/${'s'.repeat(2974)}`,
      /it has 3000 characters, at most 2048/,
    ],
  ];
  for (const [what, url, says] of rows) {
    it(what, async () => {
      await using server = await TestServer.start();
      const body = { number: 15, callback_url: url };
      const response = await server.post('/async', body);
      assert.equal(response.status, 422);
      const { code, detail, errors } = await problemOf(response);
      assert.equal(code, 'callback_url_invalid');
      assert.match(detail, /^Cannot accept callback_url: it/);
      assert.match(detail, says);
      assert.doesNotMatch(detail, /s3cret/, 'an answer that may be logged holds no secret of the URL');
      assert.ok(detail.length < 400, detail);
      assert.deepEqual(errors, [{ pointer: '#/callback_url', code, detail }]);
      assert.deepEqual(server.service.accepted, []);
    });
  }
});

describe('POST /async refuses', () => {
  const GIVEN = '"callback_url":"https://hooks.example.com/"';
  const rows: [
    what: string,
    body: string,
    code: ErrorCode,
    says: RegExp,
    headers?: Record<string, string>,
  ][] = [
    ['an empty body', '', 'body_invalid', /missing or null: send a JSON object/],
    ['nothing', '{}', 'body_invalid', /^The body lacks callback_url$/],
    ['a number without a URL', '{"number":15}', 'body_invalid', /^The body lacks callback_url$/],
    [
      'a URL without a number',
      `{${GIVEN}}`,
      'body_invalid',
      /exactly one of "number" and "numbers": it has neither/,
    ],
    ['both forms at once', `{"number":15,"numbers":[15],${GIVEN}}`, 'body_invalid', /it has both/],
    [
      'both forms without a URL',
      '{"number":15,"numbers":[15]}',
      'body_invalid',
      /^The body lacks callback_url$/,
    ],
    ['an unknown field', `{"number":15,"secret":"x",${GIVEN}}`, 'body_invalid', /unknown fields: "secret"/],
    ['an unknown field alone', `{"value":15,${GIVEN}}`, 'body_invalid', /unknown fields: "value"/],
    [
      'a URL that is no text',
      '{"number":15,"callback_url":["https://a.example"]}',
      'body_invalid',
      /callback_url must be of type string: it is an array/,
    ],
    [
      'a URL that is null',
      '{"number":15,"callback_url":null}',
      'body_invalid',
      /callback_url must be of type string: it is null/,
    ],
    ['an empty batch', `{"numbers":[],${GIVEN}}`, 'batch_size_invalid', /numbers has 0 items, at least 1/],
    [
      'a batch with a zero',
      `{"numbers":[15,0],${GIVEN}}`,
      'number_out_of_range',
      /numbers\/1.* 0: .*at least 1/,
    ],
    ['a fraction', `{"number":1.5,${GIVEN}}`, 'number_invalid', /"1.5".*not an integer/],
    ['truncated JSON', '{"number": 15', 'json_invalid', /not JSON/],
    [
      'a caller id of 257 bytes',
      `{"number":15,${GIVEN}}`,
      'caller_id_invalid',
      /257 bytes, at most 256/,
      { 'x-caller-id': 'x'.repeat(257) },
    ],
  ];
  for (const [what, body, code, says, headers] of rows) {
    it(`${what} with ${PROBLEMS[code].status} ${code}`, async () => {
      await using server = await TestServer.start();
      const response = await server.post('/async', body, headers);
      const problem = await problemOf(response);
      assert.equal(problem.code, code, problem.detail);
      assert.equal(response.status, PROBLEMS[code].status);
      assert.equal(problem.instance, '/async');
      assert.match(problem.detail, says);
      assert.ok((problem.errors ?? []).length <= 1, JSON.stringify(problem.errors));
      assert.deepEqual(server.service.accepted, []);
      assert.deepEqual(server.logged, []);
    });
  }
});
