import assert from 'node:assert/strict';
import { it } from 'node:test';
import { UnavailableError } from '../service/unavailable-error.ts';
import { TestServer } from './test-server.ts';

it('what may be on a part of the cluster that does not answer is 503 with a time and a reason, not 404', async () => {
  await using server = await TestServer.start();
  server.service.failure = new UnavailableError('shard_absent', 2_000, 'missing: replica-3');
  for (const path of ['/requests/0', '/requests']) {
    const response = await server.fetch(path);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '2');
    const problem = (await response.json()) as { readonly code: string; readonly detail: string };
    assert.equal(problem.code, 'shard_absent');
    assert.match(problem.detail, /replica-3/);
  }
});
