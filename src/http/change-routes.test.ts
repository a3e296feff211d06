import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestBody } from '../contract/request-body.ts';
import { problemOf, TestServer } from './test-server.ts';

describe('DELETE /requests/{id}', () => {
  it('cancels a request that waits or runs, and shows it', async () => {
    await using server = await TestServer.start();
    for (const status of ['queued', 'running'] as const) {
      const { requestId } = server.service.add({ status });
      const response = await server.fetch(`/requests/${requestId}`, { method: 'DELETE' });
      assert.equal(response.status, 200);
      assert.equal(((await response.json()) as RequestBody).status, 'cancelled');
      assert.equal(server.service.requests.get(requestId)?.status, 'cancelled');
    }
  });

  it('is 409 when it has ended, naming how', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add({ status: 'done' });
    const response = await server.fetch(`/requests/${requestId}`, { method: 'DELETE' });
    assert.equal(response.status, 409);
    const problem = await problemOf(response);
    assert.equal(problem.code, 'already_ended');
    assert.match(problem.detail, /it is done/);
  });

  it('takes a JSON content type without a body, as many clients send it', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    const headers = { 'content-type': 'application/json' };
    assert.equal((await server.fetch(`/requests/${requestId}`, { method: 'DELETE', headers })).status, 200);
  });
});

describe('POST /requests/{id}/resume', () => {
  it('puts a partial request back in the queue', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add({ status: 'partial' });
    const response = await server.fetch(`/requests/${requestId}/resume`, { method: 'POST' });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get('location'), `/requests/${requestId}`);
    assert.equal(((await response.json()) as RequestBody).status, 'queued');
  });

  it('is 409 for any other, naming its state', async () => {
    await using server = await TestServer.start();
    for (const status of ['queued', 'running', 'done', 'failed', 'cancelled'] as const) {
      const { requestId } = server.service.add({ status });
      const response = await server.fetch(`/requests/${requestId}/resume`, { method: 'POST' });
      assert.equal(response.status, 409);
      const problem = await problemOf(response);
      assert.equal(problem.code, 'not_resumable');
      assert.match(problem.detail, new RegExp(`this one is ${status}`));
    }
  });
});

describe('POST /requests/{id}/resume, of a request with a callback', () => {
  const callbackUrl = 'https://hooks.example.com/factored';

  it('is 409 while the end is still to be told, saying when that is tried next', async () => {
    await using server = await TestServer.start();
    const delivery = {
      status: 'pending',
      sequence: 3,
      attempts: 2,
      dueAtMs: Date.UTC(2026, 10, 22, 9),
    } as const;
    const { requestId } = server.service.add({ status: 'partial', callbackUrl, delivery });
    const response = await server.fetch(`/requests/${requestId}/resume`, { method: 'POST' });
    assert.equal(response.status, 409);
    const { code, detail } = await problemOf(response);
    assert.equal(code, 'not_resumable');
    assert.match(detail, /still to be delivered \(next attempt at 2026-11-22T09:00:00\.000Z\)/);
    assert.match(detail, /can be resumed once that is delivered or dead/);
  });

  it('puts it back in the queue once the end was told, or given up', async () => {
    await using server = await TestServer.start();
    for (const status of ['delivered', 'dead'] as const) {
      const delivery = { status, sequence: 3, attempts: 2 };
      const { requestId } = server.service.add({ status: 'partial', callbackUrl, delivery });
      const response = await server.fetch(`/requests/${requestId}/resume`, { method: 'POST' });
      assert.equal(response.status, 202);
    }
  });
});

describe('POST /requests/{id}/redeliver', () => {
  const callbackUrl = 'https://hooks.example.com/factored?token=s3cret';

  it('makes the callback of a request that has ended due again, whatever became of it, and shows it', async () => {
    await using server = await TestServer.start();
    for (const status of ['delivered', 'dead', 'pending'] as const) {
      const delivery = { status, sequence: 3, attempts: 10 };
      const { requestId } = server.service.add({ status: 'done', callbackUrl, delivery });
      const response = await server.fetch(`/requests/${requestId}/redeliver`, { method: 'POST' });
      assert.equal(response.status, 202);
      assert.equal(response.headers.get('location'), `/requests/${requestId}`);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      const request = (await response.json()) as RequestBody;
      assert.deepEqual([request.delivery, request.sequence], ['pending', 3]);
      assert.equal(request.callback_url, callbackUrl);
    }
  });

  it('is 409 for one that has not ended, saying that it will be called back', async () => {
    await using server = await TestServer.start();
    for (const status of ['queued', 'running'] as const) {
      const delivery = { status: 'pending', attempts: 0 } as const;
      const { requestId } = server.service.add({ status, callbackUrl, delivery });
      const response = await server.fetch(`/requests/${requestId}/redeliver`, { method: 'POST' });
      assert.equal(response.status, 409);
      const { code, detail } = await problemOf(response);
      assert.equal(code, 'not_deliverable');
      assert.match(detail, new RegExp(`has not ended yet: it is ${status}`));
    }
  });

  it('is 409 while its first attempt is due and not over, saying since when', async () => {
    await using server = await TestServer.start();
    const delivery = { status: 'pending', sequence: 3, attempts: 0, dueAtMs: Date.UTC(2026, 0, 1) } as const;
    const { requestId } = server.service.add({ status: 'done', callbackUrl, delivery });
    const response = await server.fetch(`/requests/${requestId}/redeliver`, { method: 'POST' });
    assert.equal(response.status, 409);
    const { code, detail } = await problemOf(response);
    assert.equal(code, 'not_deliverable');
    assert.match(detail, /due already, since 2026-01-01T00:00:00\.000Z/);
    assert.doesNotMatch(detail, /has not ended/);
  });

  it('is 409 for one without a callback URL, saying who has one', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add({ status: 'done' });
    const response = await server.fetch(`/requests/${requestId}/redeliver`, { method: 'POST' });
    assert.equal(response.status, 409);
    const { code, detail } = await problemOf(response);
    assert.equal(code, 'not_deliverable');
    assert.match(detail, /no callback URL: only those of POST \/async have one/);
  });

  it('is 404 where there is no such request', async () => {
    await using server = await TestServer.start();
    const response = await server.fetch('/requests/NOPE/redeliver', { method: 'POST' });
    assert.equal((await problemOf(response)).code, 'request_not_found');
  });
});
