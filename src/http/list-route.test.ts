import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RequestPage } from '../contract/request-page.ts';
import { TestServer } from './test-server.ts';

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
    assert.deepEqual(await list(server, '?status=failed'), { requests: [], next: null });
  });
});
