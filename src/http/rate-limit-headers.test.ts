import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QuotaState } from '../service/service.ts';
import { problemOf, TestServer } from './test-server.ts';

const QUOTAS: QuotaState[] = [
  { name: 'waiting', limit: 1_000, remaining: 998 },
  { name: 'per-minute', limit: 600, windowMs: 60_000, remaining: 599, wholeInMs: 100.5 },
];

describe('Quotas', () => {
  it('are told with every door that accepts, in the form of the draft', async () => {
    await using server = await TestServer.start();
    server.service.quotas = QUOTAS;
    const doors = [
      ['/requests', { number: '15' }],
      ['/sync', { number: '15' }],
      ['/async', { number: '15', callback_url: 'https://hooks.example.com/' }],
    ] as const;
    for (const [path, body] of doors) {
      const { status, headers } = await server.fetch(path, {
        method: 'POST',
        headers: { 'x-caller-id': 'acme', 'content-type': 'application/json', prefer: 'respond-async' },
        body: JSON.stringify(body),
      });
      assert.equal(status, 202, path);
      assert.equal(headers.get('ratelimit-policy'), '"waiting";q=1000, "per-minute";q=600;w=60');
      assert.equal(headers.get('ratelimit'), '"waiting";r=998, "per-minute";r=599;t=1');
    }
  });

  it('leave no trace where there are none', async () => {
    await using server = await TestServer.start();
    const { headers } = await server.submit({ number: '15' });
    assert.equal(headers.has('ratelimit'), false);
    assert.equal(headers.has('ratelimit-policy'), false);
  });

  it('are refused with 429 when used up, and both headers name the same time', async () => {
    await using server = await TestServer.start();
    const refusal = { kind: 'quota_exceeded', name: 'per-minute', limit: 600, quotas: QUOTAS } as const;
    server.service.refusal = { ...refusal, retryAfterMs: 4_200 };
    const response = await server.submit({ number: '15' });
    assert.equal(response.status, 429);
    assert.equal(response.headers.get('retry-after'), '5');
    assert.equal(response.headers.get('ratelimit'), '"waiting";r=998, "per-minute";r=599;t=5');
    const { code, detail } = await problemOf(response);
    assert.equal(code, 'quota_exceeded');
    assert.match(detail, /600 requests in a minute/);
  });

  it('that no waiting could meet are refused for good', async () => {
    await using server = await TestServer.start();
    server.service.refusal = { kind: 'quota_exceeded', name: 'waiting', limit: 2, quotas: QUOTAS };
    const response = await server.submit({ numbers: ['1', '2', '3'] });
    assert.equal(response.headers.has('retry-after'), false);
    const { status, code, detail } = await problemOf(response);
    assert.deepEqual([status, code], [422, 'batch_size_invalid']);
    assert.match(detail, /2 requests waiting at a time/);
  });
});
