import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestBody } from '../contract/request-body.ts';
import type { Accepted } from '../contract/submission.ts';
import { PROBLEMS, type ErrorCode } from '../domain/error-code.ts';
import { problemOf, TestServer, until } from './test-server.ts';

const DONE = {
  status: 'done',
  complete: true,
  factors: [
    { prime: 3n, exponent: 1, certainty: 'proven' },
    { prime: 5n, exponent: 1, certainty: 'proven' },
  ],
  finishedAtMs: Date.UTC(2026, 10, 21, 12, 0, 1),
} as const;
/** The first request that a fake service makes. */
const FIRST = '0000000000000000000000000001';
/** A wait so long that whoever did not answer before its end is told apart, however busy the machine is. */
const PATIENT = { waitMsMax: 60_000 };
const AT_ONCE_MS = 30_000;

/** Sends 15, and lets it end as soon as somebody waits for it. */
async function answered(server: TestServer, headers: Record<string, string> = {}): Promise<Response> {
  const answer = server.post('/sync', { number: 15 }, headers);
  await until(() => server.service.watching.size === 1);
  server.service.change(FIRST, DONE);
  return answer;
}

describe('POST /sync', () => {
  it('answers with the request and its factors as soon as it has ended', async () => {
    await using server = await TestServer.start(PATIENT);
    const startedMs = performance.now();
    const response = await answered(server, { 'x-caller-id': 'acme' });
    assert.ok(performance.now() - startedMs < AT_ONCE_MS);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(response.headers.get('preference-applied'), null);
    const body = await response.text();
    assert.deepEqual((JSON.parse(body) as RequestBody).prime_factors, ['3', '5']);
    assert.equal(body, await (await server.fetch(`/requests/${FIRST}`)).text());
    assert.deepEqual(server.service.accepted, [{ callerId: 'acme', mode: 'sync', numbers: [15n] }]);
    assert.equal(server.service.watching.size, 0);
  });

  it('answers with any end there is, not only a good one', async () => {
    for (const status of ['partial', 'failed', 'cancelled'] as const) {
      await using server = await TestServer.start(PATIENT);
      const answer = server.post('/sync', { number: 15 });
      await until(() => server.service.watching.size === 1);
      server.service.change(FIRST, { status });
      const response = await answer;
      assert.equal(response.status, 200);
      assert.equal(((await response.json()) as RequestBody).status, status);
    }
  });

  it('answers 202 after the wait, with where to look and when', async () => {
    await using server = await TestServer.start({ waitMsMax: 300 });
    const startedMs = performance.now();
    const response = await server.post('/sync', { number: 15 });
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs >= 290 && tookMs < AT_ONCE_MS, `took ${tookMs} ms`);
    assert.equal(response.status, 202);
    const body = (await response.json()) as Accepted;
    assert.deepEqual(body, {
      request_id: FIRST,
      status: 'queued',
      number: '15',
      position: null,
      expected_ms: null,
    });
    assert.equal(response.headers.get('location'), `/requests/${FIRST}`);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.equal(server.service.watching.size, 0);
    assert.equal(server.service.requests.get(FIRST)?.status, 'queued');
  });

  it('tells of a request that runs at the end of the wait that it runs', async () => {
    await using server = await TestServer.start({ waitMsMax: 300 });
    const answer = server.post('/sync', { number: 15 });
    await until(() => server.service.watching.size === 1);
    server.service.change(FIRST, { status: 'running', expectedMs: 7_300 });
    const response = await answer;
    assert.equal(response.headers.get('retry-after'), '8');
    assert.equal(((await response.json()) as Accepted).status, 'running');
  });

  it('counts what has passed before the body had come: the client waits for the whole of it', async () => {
    await using server = await TestServer.start({ waitMsMax: 300 });
    const socket = server.connect();
    socket.write(
      'POST /sync HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{',
    );
    await sleep(1_500);
    let waited = false;
    const watch = setInterval(() => (waited ||= server.service.watching.size > 0), 1);
    socket.write('"number":15}');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    clearInterval(watch);
    assert.match(String(answer), /^HTTP\/1.1 202/);
    assert.equal(waited, false);
    socket.destroy();
  });

  it('serves callers who do not say who they are as anonymous', async () => {
    await using server = await TestServer.start({ waitMsMax: 0 });
    await server.post('/sync', { number: 15 });
    await server.post('/sync?caller_id=globex', { number: 15 });
    await server.post('/sync', { number: 15 }, { caller_id: 'initech' });
    assert.deepEqual(
      server.service.accepted.map(({ callerId }) => callerId),
      ['anonymous', 'globex', 'initech'],
    );
  });
});

describe('POST /sync with Prefer', () => {
  const cases: [prefer: string, applied: string | null][] = [
    ['wait=0.2', 'wait=0.2'],
    ['respond-async, wait=0.2', 'respond-async, wait=0.2'],
    ['wait=0', null],
    ['respond-async', 'respond-async'],
    ['wait=0, respond-async', 'respond-async'],
  ];
  for (const [prefer, applied] of cases) {
    it(`${prefer}: waits no longer, and says what was taken`, async () => {
      await using server = await TestServer.start(PATIENT);
      const startedMs = performance.now();
      const response = await server.post('/sync', { number: 15 }, { prefer });
      const tookMs = performance.now() - startedMs;
      assert.equal(response.status, 202);
      assert.equal(response.headers.get('preference-applied'), applied);
      assert.ok(tookMs < AT_ONCE_MS, `took ${tookMs} ms`);
      if (applied?.includes('wait') === true) assert.ok(tookMs >= 190, `took ${tookMs} ms`);
    });
  }

  it('waits no longer than the server allows, and says so', async () => {
    await using server = await TestServer.start({ waitMsMax: 200 });
    const response = await server.post('/sync', { number: 15 }, { prefer: 'wait=3600' });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get('preference-applied'), 'wait=0.2');
  });

  it('does not say that it responded asynchronously where it answered', async () => {
    await using server = await TestServer.start(PATIENT);
    const response = await answered(server, { prefer: 'respond-async, wait=60' });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('preference-applied'), 'wait=60');
  });
});

describe('Those who wait at POST /sync', () => {
  it('are bounded in number: whoever comes beyond is answered 202 at once', async () => {
    await using server = await TestServer.start({ ...PATIENT, waitersMax: 1 });
    const first = server.post('/sync', { number: 15 });
    await until(() => server.service.watching.size === 1);
    const startedMs = performance.now();
    const second = await server.post('/sync', { number: 21 }, { prefer: 'wait=60' });
    assert.ok(performance.now() - startedMs < AT_ONCE_MS);
    assert.equal(second.status, 202);
    assert.equal(second.headers.get('preference-applied'), null);
    assert.equal(server.service.requests.size, 2);
    server.service.change(FIRST, DONE);
    assert.equal((await first).status, 200);
  });

  it('give their place back, however it ended for them', async () => {
    await using server = await TestServer.start({ waitMsMax: 200, waitersMax: 1 });
    await server.post('/sync', { number: 15 });
    server.service.failure = new Error('broken');
    assert.equal((await server.post('/sync', { number: 15 })).status, 500);
    server.service.failure = undefined;
    await server.post('/sync', { number: 0 });
    const response = await server.post('/sync', { number: 15 }, { prefer: 'wait=0.1' });
    assert.equal(response.headers.get('preference-applied'), 'wait=0.1');
  });

  it('may hang up: the waiting ends, and the request goes on', async () => {
    await using server = await TestServer.start(PATIENT);
    const socket = server.connect();
    socket.write(
      'POST /sync HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"number":15}',
    );
    await until(() => server.service.watching.size === 1);
    socket.destroy();
    await until(() => server.service.watching.size === 0);
    assert.equal(server.service.requests.get(FIRST)?.status, 'queued');
    assert.deepEqual(server.logged, []);
  });

  it('are answered 202 when the server stops', async () => {
    await using server = await TestServer.start(PATIENT);
    const answer = server.post('/sync', { number: 15 });
    await until(() => server.service.watching.size === 1);
    await server.close();
    assert.equal((await answer).status, 202);
  });
});

describe('POST /sync with an Idempotency-Key', () => {
  const KEY = { 'idempotency-key': 'k-1' };

  it('sent again waits for the same request, and makes no new one', async () => {
    await using server = await TestServer.start(PATIENT);
    const first = server.post('/sync', { number: 15 }, KEY);
    await until(() => server.service.watching.size === 1);
    const second = server.post('/sync', { number: '0xf' }, KEY);
    await until(() => server.service.watching.size === 2);
    server.service.change(FIRST, DONE);
    assert.equal(await (await second).text(), await (await first).text());
    assert.equal(server.service.requests.size, 1);
    const later = await server.post('/sync', { number: 15 }, KEY);
    assert.equal(((await later.json()) as RequestBody).request_id, FIRST);
    assert.equal(later.status, 200);
  });

  it('is refused for another number, and for the same number by another door', async () => {
    await using server = await TestServer.start({ waitMsMax: 0 });
    await server.post('/sync', { number: 15 }, KEY);
    for (const [path, number] of [
      ['/sync', 21],
      ['/requests?caller_id=anonymous', 15],
    ] as const) {
      const response = await server.post(path, { number }, KEY);
      assert.equal((await problemOf(response)).code, 'idempotency_conflict');
    }
    assert.equal(server.service.requests.size, 1);
  });
});

describe('POST /sync refuses', () => {
  const rows: [
    what: string,
    body: string,
    code: ErrorCode,
    says: RegExp,
    headers?: Record<string, string>,
  ][] = [
    ['an empty body', '', 'body_invalid', /missing or null: send a JSON object/],
    ['null', 'null', 'body_invalid', /missing or null/],
    ['no number', '{}', 'body_invalid', /The body lacks number/],
    ['several numbers', '{"numbers":[15]}', 'body_invalid', /The body lacks number/],
    ['a number beside several', '{"number":15,"numbers":[15]}', 'body_invalid', /unknown fields: "numbers"/],
    [
      'a callback URL',
      '{"number":15,"callback_url":"https://example.com"}',
      'body_invalid',
      /unknown fields: "callback_url"/,
    ],
    [
      'null for a number',
      '{"number":null}',
      'body_invalid',
      /number must be an integer or a string: it is null/,
    ],
    ['an array', '[15]', 'body_invalid', /The body must be of type object: it is an array/],
    ['0', '{"number":0}', 'number_out_of_range', /number 0: .*at least 1/],
    ['1e5', '{"number":1e5}', 'number_invalid', /"1e5".*10\^5/],
    ['1,001 digits', `{"number":${'7'.repeat(1001)}}`, 'number_out_of_range', /1001 digits, at most 1000/],
    ['truncated JSON', '{"number": 15', 'json_invalid', /not JSON/],
    ['plain text', '15', 'content_type_unsupported', /not text\/plain/, { 'content-type': 'text/plain' }],
    ['a caller id that is empty', '{"number":15}', 'caller_id_invalid', /it is empty/, { caller_id: '' }],
    [
      'a key with spaces',
      '{"number":15}',
      'idempotency_key_invalid',
      /"a b".*1 to 255/,
      { 'idempotency-key': 'a b' },
    ],
  ];
  for (const [what, body, code, says, headers] of rows) {
    it(`${what} with ${PROBLEMS[code].status} ${code}`, async () => {
      await using server = await TestServer.start();
      const response = await server.post('/sync', body, headers);
      const problem = await problemOf(response);
      assert.equal(problem.code, code, problem.detail);
      assert.equal(response.status, PROBLEMS[code].status);
      assert.equal(problem.instance, '/sync');
      assert.match(problem.detail, says);
      assert.deepEqual(server.service.accepted, []);
      assert.deepEqual(server.logged, []);
    });
  }

  it('what the service cannot accept, with Retry-After', async () => {
    await using server = await TestServer.start(PATIENT);
    server.service.refusal = { kind: 'unavailable', code: 'stopping', retryAfterMs: 2_000 };
    const response = await server.post('/sync', { number: 15 });
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '2');
    assert.equal((await problemOf(response)).code, 'stopping');
  });
});
