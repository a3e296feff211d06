/** One caller's backlog does not take the store from the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProblemBody } from '../src/contract/problem-body.ts';
import { ask, assertProblem, post, type Reply } from './support/api.ts';
import { Server } from './support/server.ts';

/** Of 90 digits: not factored while the test runs. */
const HARD = '(10^44+31)*(10^45+9)';
const BATCH = Array.from({ length: 100 }, () => HARD);

function assertCrowded(reply: Reply): void {
  assertProblem(reply, 429, 'quota_exceeded');
  assert.match((JSON.parse(reply.text) as ProblemBody).detail, /may have \d{7} bytes of the store/);
  assert.match(reply.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
}

/** Has a caller submit batches until it may have no more waiting; how many it may. */
async function fill(server: Server, caller: string): Promise<number> {
  for (let count = 0; ; count++) {
    const reply = await post(server, { numbers: BATCH }, caller);
    if (reply.status === 202) continue;
    assertCrowded(reply);
    return count;
  }
}

test('a caller whose backlog takes half of what others leave gets 429 with the bound, over a kill too, while others get in', async () => {
  await using server = await Server.start({
    env: { FAIRSIEVE_STORE_BYTES_MAX: '6MiB', FAIRSIEVE_WORKERS: '1' },
  });
  const count = await fill(server, 'acme');
  assert.ok(count > 10, `${count} batches`);
  const values = { method: 'POST', headers: { 'x-caller-id': 'acme', prefer: 'wait=0' } };
  assertCrowded(await ask(server, '/values', { ...values, body: '[15]' }));
  assert.equal((await ask(server, '/readyz')).status, 200);
  assert.equal((await post(server, { numbers: BATCH }, 'globex')).status, 202);
  await server.end('SIGKILL');
  await server.start();
  const more = await fill(server, 'acme');
  assert.ok(more <= count / 3, `${more} batches after ${count}`);
  assert.equal((await post(server, { numbers: BATCH }, 'globex')).status, 202);
});
