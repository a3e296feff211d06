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
