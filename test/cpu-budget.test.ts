/** The rule for `partial`: at the end of its CPU budget a request keeps what is known, and another budget takes it up where it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import { readEvents } from '../src/client/event-stream.ts';
import type { EventPayloads } from '../src/contract/event-stream.ts';
import { ask, assertFactored, assertProblem, ended, look, read, running, submit } from './support/api.ts';
import { NumberSource } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(5);

async function resume(server: Server, requestId: string): Promise<RequestBody> {
  return read<RequestBody>(await ask(server, `/requests/${requestId}/resume`, { method: 'POST' }), 202);
}

test('at the end of its budget a request keeps the factors known and says that it is not complete', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_JOB_CPU_MS_MAX: '1000' } });
  const hard = numbers.semiprime(80);
  const number = 12n * 1009n * hard.number;
  const { request_id } = await submit(server, number);
  const partial = await ended(server, request_id);
  assert.equal(partial.status, 'partial');
  assert.equal(partial.complete, false);
  assert.deepEqual(partial.prime_factors, ['2', '2', '3', '1009']);
  assert.deepEqual(partial.factors.at(-1), {
    prime: String(hard.number),
    exponent: 1,
    certainty: 'composite',
  });
  const product = partial.factors.reduce(
    (n, { prime, exponent }) => n * BigInt(prime) ** BigInt(exponent),
    1n,
  );
  assert.equal(product, number);
  assert.ok(partial.cpu_ms >= 1_000 && partial.cpu_ms < 1_500, `it spent ${partial.cpu_ms} ms of 1,000`);
  assert.equal(partial.timeline.at(-1)?.event, 'finished');

  await resume(server, request_id);
  const again = await until('it having gone on', async () => {
    const request = await look(server, request_id);
    return request.status !== 'queued' && request;
  });
  assert.deepEqual(again.prime_factors, ['2', '2', '3', '1009']);
  assert.ok(again.cpu_ms >= partial.cpu_ms, `CPU time went from ${partial.cpu_ms} to ${again.cpu_ms} ms`);
});

test('a request that lacks nothing but the proof of a prime at the end of its budget is done', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_JOB_CPU_MS_MAX: '300' } });
  const prime = 10n ** 199n + 153n;
  const { request_id } = await submit(server, 12n * prime);
  const request = await ended(server, request_id);
  assert.equal(request.status, 'done');
  assert.equal(request.complete, true);
  assert.deepEqual(request.factors.at(-1), { prime: String(prime), exponent: 1, certainty: 'probable' });
});

test('a request has one budget, however often the program is killed while it runs', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_JOB_CPU_MS_MAX: '10000' } });
  const { request_id } = await submit(server, numbers.semiprime(80).number);
  for (const cpuMs of [1_800, 3_300]) {
    await running(server, request_id, (request) => request.cpu_ms >= cpuMs);
    await server.end('SIGKILL');
    await server.start();
  }
  const partial = await ended(server, request_id);
  assert.equal(partial.status, 'partial');
  assert.ok(partial.cpu_ms >= 10_000 && partial.cpu_ms < 10_500, `it spent ${partial.cpu_ms} ms of 10,000`);
});

test('a partial request given more budgets goes on where it was, over restarts too, and is done in the end', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_JOB_CPU_MS_MAX: '400' } });
  const hard = numbers.semiprime(62);
  const { request_id } = await submit(server, hard.number);
  let request = await ended(server, request_id);
  assert.equal(request.status, 'partial');
  let budgets = 1;
  for (; request.status === 'partial'; budgets++) {
    assert.ok(budgets < 60, 'it must end some day');
    if (budgets === 2) {
      await server.end('SIGKILL');
      await server.start();
      assert.deepEqual(await look(server, request_id), request);
    }
    const before = request.cpu_ms;
    const again = await resume(server, request_id);
    assert.ok(['queued', 'running'].includes(again.status), again.status);
    assert.equal(again.timeline.at(-1)?.event, 'resumed');
    assert.ok(again.cpu_ms >= before, `CPU time went from ${before} to ${again.cpu_ms} ms`);
    assert.deepEqual(again.factors, request.factors);
    request = await ended(server, request_id);
    assert.ok(request.cpu_ms > before, `CPU time went from ${before} to ${request.cpu_ms} ms`);
  }
  assertFactored(request, hard);
  assert.equal(request.timeline.filter(({ event }) => event === 'resumed').length, budgets - 1);
  assertProblem(
    await ask(server, `/requests/${request_id}/resume`, { method: 'POST' }),
    409,
    'not_resumable',
  );
});

test('progress does not start over with another budget', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_JOB_CPU_MS_MAX: '1500' } });
  for (let tries = 1; ; tries++) {
    const { request_id } = await submit(server, numbers.semiprime(64).number);
    const first = await watch(server, request_id);
    assert.equal(first.status, 'partial');
    await resume(server, request_id);
    const second = await watch(server, request_id);
    // Whoever comes to look when a budget is used up is told of no progress.
    if (tries < 3 && (first.fractions.length === 0 || second.fractions.length === 0)) continue;
    assert.ok(
      first.fractions.length > 0 && second.fractions.length > 0,
      `of one of two budgets no progress was told, in ${tries} tries`,
    );
    // The log is taken in bit by bit, so it is the way that counts, not the first step.
    assert.ok(
      Math.max(...second.fractions) > Math.max(...first.fractions),
      `${first.fractions.join(' ')} | ${second.fractions.join(' ')}`,
    );
    break;
  }
});

/** Follows the events of a request to its end. */
async function watch(server: Server, requestId: string): Promise<{ status: string; fractions: number[] }> {
  const response = await fetch(`${server.url}/requests/${requestId}/events`);
  const fractions: number[] = [];
  let status = '';
  for await (const { data } of readEvents(response.body!)) {
    const told = JSON.parse(data) as EventPayloads['progress'];
    status = told.status;
    if (told.progress) fractions.push(told.progress.fraction);
  }
  return { status, fractions };
}
