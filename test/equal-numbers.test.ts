/** The same number asked for many times is computed once, and each caller sees only its own request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import {
  assertFactored,
  cancel,
  ended,
  listAll,
  look,
  metric,
  read,
  running,
  submit,
  submitAll,
} from './support/api.ts';
import { NumberSource, type Composite } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(3);
const ONE_WORKER = { env: { FAIRSIEVE_WORKERS: '1' } };

function sourceOf(request: RequestBody): string | null | undefined {
  const last = request.timeline.at(-1);
  return last?.event === 'finished' ? last.source : undefined;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Has `hard` asked for by `callers` while the only worker is at something endless, which is cancelled then. */
async function askTogether(
  server: Server,
  hard: Composite,
  callers: readonly string[],
): Promise<RequestBody[]> {
  const endless = await submit(server, numbers.semiprime(80).number, 'blocker');
  await running(server, endless.request_id);
  const ids = await Promise.all(callers.map((caller) => submit(server, hard.number, caller)));
  read(await cancel(server, endless.request_id), 200);
  return Promise.all(ids.map(({ request_id }) => ended(server, request_id)));
}

test('equal numbers in flight are computed once and answered to all who asked', async () => {
  await using server = await Server.start(ONE_WORKER);
  const hard = numbers.semiprime(60);
  const callers = ['a', 'b', 'c', 'a', 'd'];
  const requests = await askTogether(server, hard, callers);
  for (const [i, request] of requests.entries()) {
    assertFactored(request, hard);
    assert.equal(request.caller_id, callers[i]);
  }
  const sources = requests.map(sourceOf);
  assert.equal(sources.filter((source) => source === 'computed').length, 1);
  assert.equal(sources.filter((source) => source === 'shared').length, callers.length - 1);
  for (const { timeline } of requests) {
    const times = timeline.map(({ at }) => at);
    assert.deepEqual(times, times.toSorted(byText), 'nothing happened to a request before it was accepted');
  }
  assert.equal(new Set(requests.map(({ cpu_ms }) => cpu_ms)).size, 1);
  assert.equal(new Set(requests.map(({ request_id }) => request_id)).size, callers.length);
});

test('when one of those who share a number cancels, the others still get their answer', async () => {
  await using server = await Server.start(ONE_WORKER);
  const hard = numbers.semiprime(64);
  const first = await submit(server, hard.number, 'first');
  const second = await submit(server, hard.number, 'second');
  await running(server, first.request_id);
  const cancelled = read<RequestBody>(await cancel(server, first.request_id), 200);
  assert.equal(cancelled.status, 'cancelled');
  assertFactored(await ended(server, second.request_id), hard);
  assert.equal((await look(server, first.request_id)).status, 'cancelled');
});

test('a number that is known is answered at once, also after a restart', async () => {
  await using server = await Server.start(ONE_WORKER);
  const hard = numbers.semiprime(45);
  const computed = await ended(server, (await submit(server, hard.number, 'first')).request_id);
  assert.equal(sourceOf(computed), 'computed');
  await server.end('SIGKILL');
  await server.start();
  const { request_id, status } = await submit(server, hard.number, 'second');
  assert.equal(status, 'done');
  const known = await look(server, request_id);
  assertFactored(known, hard);
  assert.equal(sourceOf(known), 'known');
  assert.equal(known.cpu_ms, 0);
});

test('a number given a thousand times in one batch is one piece of work', async () => {
  await using server = await Server.start(ONE_WORKER);
  const hard = numbers.semiprime(46);
  await submitAll(
    server,
    Array.from({ length: 1_000 }, () => hard.number),
  );
  await until('all of it done', async () => (await metric(server, 'fairsieve_requests_waiting')) === 0);
  const requests = await listAll(server, { limit: '500' });
  assert.equal(requests.length, 1_000);
  for (const request of requests) assertFactored(request, hard);
  assert.equal(requests.filter((request) => sourceOf(request) === 'computed').length, 1);
});
