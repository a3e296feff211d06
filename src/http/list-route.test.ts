import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestBody } from '../contract/request-body.ts';
import type { RequestPage } from '../contract/request-page.ts';
import { problemOf, TestServer } from './test-server.ts';

async function list(server: TestServer, query = ''): Promise<RequestPage> {
  const response = await server.fetch(`/requests${query}`);
  assert.equal(response.status, 200);
  return (await response.json()) as RequestPage;
}

describe('GET /requests', () => {
  it('shows requests newest first, and every one of them once over all pages', async () => {
    await using server = await TestServer.start();
    for (let i = 1; i <= 120; i++) server.service.add({ number: String(i) });
    const seen: string[] = [];
    let query = '?limit=50';
    for (;;) {
      const { requests, next } = await list(server, query);
      seen.push(...requests.map((r) => r.number));
      if (next === null) break;
      query = `?limit=50&cursor=${next}`;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 120 }, (_, i) => String(120 - i)),
    );
  });

  it('shows 50 unless told otherwise', async () => {
    await using server = await TestServer.start();
    for (let i = 1; i <= 60; i++) server.service.add();
    assert.equal((await list(server)).requests.length, 50);
    assert.equal((await list(server, '?limit=500')).requests.length, 60);
  });

  it('filters by caller, mode and status', async () => {
    await using server = await TestServer.start();
    server.service.add({ number: '1', callerId: 'a & b' });
    server.service.add({ number: '2', mode: 'sync' });
    server.service.add({ number: '3', status: 'running' });
    server.service.add({ number: '4', status: 'running', mode: 'sync' });
    const numbers = async (query: string) => (await list(server, query)).requests.map((r) => r.number);
    assert.deepEqual(await numbers('?caller_id=a%20%26%20b'), ['1']);
    assert.deepEqual(await numbers('?mode=sync'), ['4', '2']);
    assert.deepEqual(await numbers('?status=running&mode=sync'), ['4']);
    assert.deepEqual(await list(server, '?status=failed'), { requests: [], next: null, replicas: null });
  });

  it('filters by how callbacks stand, together with everything else', async () => {
    await using server = await TestServer.start();
    const callbackUrl = 'https://hooks.example.com/';
    const add = (number: string, status: 'pending' | 'delivered' | 'dead', callerId: string) =>
      server.service.add({
        number,
        mode: 'async',
        status: 'done',
        callerId,
        callbackUrl,
        delivery: { status, sequence: 1, attempts: 1 },
      });
    add('1', 'pending', 'acme');
    add('2', 'delivered', 'acme');
    add('3', 'dead', 'acme');
    add('4', 'dead', 'globex');
    server.service.add({ number: '5', status: 'done' });
    const numbers = async (query: string) => (await list(server, query)).requests.map((r) => r.number);
    assert.deepEqual(await numbers('?delivery=pending'), ['1']);
    assert.deepEqual(await numbers('?delivery=delivered'), ['2']);
    assert.deepEqual(await numbers('?delivery=dead'), ['4', '3']);
    assert.deepEqual(await numbers('?delivery=dead&caller_id=acme&mode=async&status=done'), ['3']);
    assert.deepEqual(await numbers('?delivery=dead&mode=sync'), []);
    const wrong = await server.fetch('/requests?delivery=lost');
    assert.equal(wrong.status, 400);
    assert.match(
      (await problemOf(wrong)).detail,
      /delivery must be one of pending, delivered, dead: it is "lost"/,
    );
  });

  it('shows callback URLs without their query, which may hold a secret; the request itself has it', async () => {
    await using server = await TestServer.start();
    const callbackUrl = 'https://hooks.example.com/factored?token=s3cret';
    const { requestId } = server.service.add({ mode: 'async', callbackUrl });
    for (const query of ['', '?mode=async', '?caller_id=acme'])
      assert.deepEqual(
        (await list(server, query)).requests.map((r) => r.callback_url),
        ['https://hooks.example.com/factored'],
      );
    for (const path of [`/requests/${requestId}`, `/requests?request_id=${requestId}`]) {
      const request = (await (await server.fetch(path)).json()) as RequestBody;
      assert.equal(request.callback_url, callbackUrl);
    }
  });
});
