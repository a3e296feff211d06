import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { RequestBody } from '../contract/request-body.ts';
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

describe('GET /requests/{id}', () => {
  it('shows a request, by path and by query alike', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add(DONE);
    const byPath = await server.fetch(`/requests/${requestId}`);
    const byQuery = await server.fetch(`/requests?request_id=${requestId}&caller_id=whoever`);
    const body = await byPath.text();
    assert.equal(byPath.status, 200);
    assert.deepEqual((JSON.parse(body) as RequestBody).prime_factors, ['3', '5']);
    assert.equal(await byQuery.text(), body);
    assert.equal(byQuery.headers.get('etag'), byPath.headers.get('etag'));
    assert.equal(byPath.headers.get('cache-control'), 'private, no-cache');
    assert.equal(byPath.headers.get('retry-after'), null);
  });

  it('says when to ask again while it has not ended', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add({ expectedMs: 4200, position: 3 });
    const response = await server.fetch(`/requests/${requestId}`);
    assert.equal(response.headers.get('retry-after'), '5');
    const body = (await response.json()) as RequestBody;
    assert.deepEqual([body.position, body.expected_ms, body.finished_at], [3, 4200, null]);
  });

  it('is 304 without a body as long as nothing has changed', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    const tag = (await server.fetch(`/requests/${requestId}`)).headers.get('etag') ?? '';
    assert.match(tag, /^"[\w-]{22}"$/);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const response = await server.fetch(`/requests/${requestId}`, { headers: { 'if-none-match': known } });
      assert.equal(response.status, 304, known);
      assert.equal(response.headers.get('etag'), tag);
      assert.equal(await response.text(), '');
    }
    server.service.change(requestId, { status: 'running' });
    const changed = await server.fetch(`/requests/${requestId}`, { headers: { 'if-none-match': tag } });
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get('etag'), tag);
  });

  it('answers HEAD with the same headers', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add(DONE);
    const head = await server.fetch(`/requests/${requestId}`, { method: 'HEAD' });
    const get = await server.fetch(`/requests/${requestId}`);
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('etag'), get.headers.get('etag'));
    assert.equal(head.headers.get('content-length'), get.headers.get('content-length'));
  });
});

describe('GET /requests/{id} with Prefer: wait', () => {
  /** A wait so long that whoever did not answer before its end is told apart, however busy the machine is. */
  const PATIENT = { waitMsMax: 60_000 };
  const AT_ONCE_MS = 30_000;

  it('answers as soon as the request has ended', async () => {
    await using server = await TestServer.start(PATIENT);
    const { requestId } = server.service.add();
    const startedMs = performance.now();
    const answer = server.fetch(`/requests/${requestId}`, { headers: { prefer: 'wait=60' } });
    await until(() => server.service.watching.size === 1);
    server.service.change(requestId, { status: 'running' });
    // By the time that another request is answered, the one that waits has seen the change.
    await server.fetch(`/requests/${requestId}`);
    assert.equal(server.service.watching.size, 1);
    server.service.change(requestId, DONE);
    const response = await answer;
    assert.ok(performance.now() - startedMs < AT_ONCE_MS);
    assert.equal(((await response.json()) as RequestBody).status, 'done');
    assert.equal(response.headers.get('preference-applied'), 'wait=60');
  });

  it('answers with the state when the time is over, and waits no longer than the server allows', async () => {
    await using server = await TestServer.start({ waitMsMax: 300 });
    const { requestId } = server.service.add();
    const startedMs = performance.now();
    const response = await server.fetch(`/requests/${requestId}`, {
      headers: { prefer: 'respond-async, wait=60' },
    });
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs >= 290 && tookMs < AT_ONCE_MS, `took ${tookMs} ms`);
    assert.equal(response.status, 200);
    assert.equal(((await response.json()) as RequestBody).status, 'queued');
    assert.equal(response.headers.get('preference-applied'), 'wait=0.3');
    assert.equal(server.service.watching.size, 0);
  });

  it('answers at once when it has ended, when there is none, and when the wait is 0 or not understood', async () => {
    await using server = await TestServer.start(PATIENT);
    const { requestId } = server.service.add(DONE);
    const waiting = server.service.add().requestId;
    const startedMs = performance.now();
    assert.equal(
      (await server.fetch(`/requests/${requestId}`, { headers: { prefer: 'wait=60' } })).status,
      200,
    );
    assert.equal(
      (await problemOf(await server.fetch('/requests/NOPE', { headers: { prefer: 'wait=60' } }))).code,
      'request_not_found',
    );
    for (const prefer of ['wait=0', 'wait=soon', 'return=minimal']) {
      const response = await server.fetch(`/requests/${waiting}`, { headers: { prefer } });
      assert.equal(response.headers.get('preference-applied'), null);
    }
    assert.ok(performance.now() - startedMs < AT_ONCE_MS);
  });

  it('with If-None-Match waits for any change, and is 304 if there is none', async () => {
    await using server = await TestServer.start(PATIENT);
    const { requestId } = server.service.add();
    const tag = (await server.fetch(`/requests/${requestId}`)).headers.get('etag') ?? '';
    const briefly = { prefer: 'wait=0.3', 'if-none-match': tag };
    assert.equal((await server.fetch(`/requests/${requestId}`, { headers: briefly })).status, 304);
    const startedMs = performance.now();
    const long = { prefer: 'wait=60', 'if-none-match': tag };
    const answer = server.fetch(`/requests/${requestId}`, { headers: long });
    await until(() => server.service.watching.size === 1);
    server.service.change(requestId, { status: 'running' });
    const changed = await answer;
    assert.equal(changed.status, 200);
    assert.equal(((await changed.json()) as RequestBody).status, 'running');
    const stale = { prefer: 'wait=60', 'if-none-match': '"stale"' };
    assert.equal((await server.fetch(`/requests/${requestId}`, { headers: stale })).status, 200);
    assert.ok(performance.now() - startedMs < AT_ONCE_MS);
    assert.equal(server.service.watching.size, 0);
  });

  it('answers at once when too many wait already', async () => {
    await using server = await TestServer.start({ ...PATIENT, waitersMax: 1 });
    const { requestId } = server.service.add();
    const first = server.fetch(`/requests/${requestId}`, { headers: { prefer: 'wait=60' } });
    await until(() => server.service.watching.size === 1);
    const startedMs = performance.now();
    const second = await server.fetch(`/requests/${requestId}`, { headers: { prefer: 'wait=60' } });
    assert.ok(performance.now() - startedMs < AT_ONCE_MS);
    assert.equal(second.headers.get('preference-applied'), null);
    server.service.change(requestId, DONE);
    assert.equal((await first).status, 200);
    const third = await server.fetch(`/requests/${requestId}`, { headers: { prefer: 'wait=0.1' } });
    assert.equal(third.headers.get('preference-applied'), 'wait=0.1');
  });

  it('stops waiting when the client goes away', async () => {
    await using server = await TestServer.start(PATIENT);
    const { requestId } = server.service.add();
    const socket = server.connect();
    socket.write(`GET /requests/${requestId} HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n`);
    await until(() => server.service.watching.size === 1);
    socket.destroy();
    await until(() => server.service.watching.size === 0);
  });

  it('answers what is held when the server stops', async () => {
    await using server = await TestServer.start(PATIENT);
    const { requestId } = server.service.add();
    const socket = server.connect();
    socket.write(`GET /requests/${requestId} HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n`);
    await until(() => server.service.watching.size === 1);
    const answer = once(socket, 'data');
    await server.close();
    assert.match(String((await answer)[0]), /^HTTP\/1.1 200 OK/);
  });
});
