/** Nothing accepted is lost: the program is killed with SIGKILL, again and again, and started over the same folder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestBody } from '../src/contract/request-body.ts';
import type { Accepted } from '../src/contract/submission.ts';
import {
  ask,
  assertFactored,
  cancel,
  listAll,
  metric,
  post,
  read,
  running,
  submit,
  type Reply,
} from './support/api.ts';
import { composite, NumberSource, type Composite } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const KILLS = 20;
const PRODUCERS = 6;
const READERS = 3;
/** Longer than a server may take to be ready, twice: it is killed again meanwhile. */
const INSIST_MS_MAX = 240_000;
/** Set FAIRSIEVE_TEST_LONG_DIGITS=80 in the environment of the tests for a job of several minutes. */
const LONG_DIGITS = Number(process.env['FAIRSIEVE_TEST_LONG_DIGITS'] ?? 73);
const LONG_MS_MAX = 1_800_000;
/** What a job is saved after, so much of it may be lost with a kill. */
const UNSAVED_MS_MAX = 1_000;
const ENDED = ['done', 'partial', 'failed', 'cancelled'];

const numbers = new NumberSource(7);

/** Mostly a matter of microseconds, now and then of many slices. */
function workOf(i: number): Composite {
  if (i % 50 === 0) return numbers.semiprime(numbers.integer(40, 46));
  if (i % 5 === 0) return numbers.semiprime(numbers.integer(18, 32));
  return composite([numbers.prime(3), numbers.prime(4), numbers.prime(5)]);
}

/** The part of a request that is its answer. */
function answerOf({ status, prime_factors, factors, finished_at }: RequestBody): string {
  return JSON.stringify([status, prime_factors, factors, finished_at]);
}

test(`after ${KILLS} kills under load every request accepted is there, ended once, with the right answer`, async () => {
  await using server = await Server.start();
  const accepted = new Map<string, Composite>();
  const told = new Map<string, string>();
  const loadEnds = new AbortController();
  let sent = 0;
  /** Nobody is there to start the server again. */
  const loadFails = new AbortController();

  /** Repeats what a dead server did not answer, or one that was held up not in time, as our clients do; undefined if there will be none. */
  async function insist(send: () => Promise<Reply>): Promise<Reply | undefined> {
    const endMs = performance.now() + INSIST_MS_MAX;
    while (!loadFails.signal.aborted) {
      assert.ok(performance.now() < endMs, `there was no answer within ${INSIST_MS_MAX} ms`);
      try {
        const reply = await send();
        if (reply.status !== 503) return reply;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await sleep(20);
    }
    return undefined;
  }
  async function produce(): Promise<void> {
    while (!loadEnds.signal.aborted) {
      const i = sent++;
      const work = workOf(i);
      const headers = { 'idempotency-key': `key-${i}` };
      const reply = await insist(() =>
        post(server, { number: String(work.number) }, `caller-${i % 7}`, headers),
      );
      if (!reply) return;
      const { request_id } = read<Accepted>(reply, 202);
      assert.ok(!accepted.has(request_id), `${request_id} was given to two numbers`);
      accepted.set(request_id, work);
    }
  }
  async function readBack(): Promise<void> {
    while (!loadEnds.signal.aborted) {
      const ids = [...accepted.keys()].slice(-200);
      const id = ids[numbers.integer(0, Math.max(0, ids.length - 1))];
      if (id === undefined) {
        await sleep(5);
        continue;
      }
      const reply = await insist(() => ask(server, `/requests/${id}`));
      if (!reply) return;
      const request = read<RequestBody>(reply, 200);
      if (!ENDED.includes(request.status)) continue;
      const answer = answerOf(request);
      assert.equal(told.get(id) ?? answer, answer);
      told.set(id, answer);
    }
  }
  async function killAgainAndAgain(): Promise<void> {
    for (let kill = 1; kill <= KILLS; kill++) {
      await sleep(numbers.integer(1, 400));
      await server.end('SIGKILL');
      if (kill % 4 === 0) {
        // Once more while it is still starting.
        const starting = server.start().catch(() => undefined);
        await sleep(numbers.integer(1, 800));
        await server.end('SIGKILL');
        await starting;
      }
      await server.start();
    }
    loadEnds.abort();
  }
  const load = [
    ...Array.from({ length: PRODUCERS }, produce),
    ...Array.from({ length: READERS }, readBack),
    killAgainAndAgain(),
  ];
  await Promise.all(load).finally(() => loadFails.abort());

  assert.ok(accepted.size > 100, `there must have been some load: ${accepted.size} requests`);
  await until(
    'the end of all work',
    async () => (await metric(server, 'fairsieve_requests_waiting')) === 0,
    120_000,
  );
  const requests = await listAll(server, { limit: '500' });
  assert.equal(requests.length, accepted.size, 'a repeated submission makes no second request');
  for (const request of requests) {
    const work = accepted.get(request.request_id);
    assert(work, `${request.request_id} was never acknowledged`);
    assertFactored(request, work);
    assert.equal(request.timeline.filter(({ event }) => event === 'finished').length, 1);
    assert.equal(told.get(request.request_id) ?? answerOf(request), answerOf(request));
  }
});

test('a long job that is killed goes on from what it had found, not from the start', async (t) => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  const { request_id } = await submit(server, numbers.semiprime(LONG_DIGITS).number);
  // So late that half of it is far more than what a look that is held up may cost.
  for (const fraction of [0.45, 0.55]) {
    const before = await running(
      server,
      request_id,
      (request) => request.progress?.stage === 'siqs' && request.progress.fraction >= fraction,
      LONG_MS_MAX,
    );
    await server.end('SIGKILL');
    await server.start();
    const after = await running(
      server,
      request_id,
      ({ progress }) => progress?.stage === 'siqs',
      LONG_MS_MAX,
    );
    assert.ok(
      after.cpu_ms >= before.cpu_ms - 2_000,
      `CPU time was ${before.cpu_ms} and is ${after.cpu_ms} ms`,
    );
    // The log is taken in and what was not saved is found again; all of it would take as long as before.
    const again = await running(
      server,
      request_id,
      ({ progress }) => progress!.fraction >= fraction,
      LONG_MS_MAX,
    );
    const retakenMs = again.cpu_ms - after.cpu_ms;
    assert.ok(
      retakenMs < before.cpu_ms / 2 + UNSAVED_MS_MAX,
      `${retakenMs} ms of CPU to be where it was after ${before.cpu_ms} ms`,
    );
    t.diagnostic(`${before.cpu_ms} ms before the kill, ${retakenMs} to be there again`);
    assert.equal(after.started_at, before.started_at);
    assert.ok(
      after.timeline.some(({ event }) => event === 'recovered'),
      JSON.stringify(after.timeline),
    );
  }
  read(await cancel(server, request_id), 200);
});

test('an idempotency key holds over a restart, for one number and for a batch', async () => {
  await using server = await Server.start();
  const one = { number: String(numbers.semiprime(20).number) };
  const many = { numbers: numbers.semiprimes(1_200, 12).map(({ number }) => String(number)) };
  const send = (body: unknown, key: string): ReturnType<typeof post> =>
    post(server, body, 'acme', { 'idempotency-key': key });
  const first = [await send(one, 'one'), await send(many, 'many')];
  await server.end('SIGKILL');
  await server.start();
  const second = [await send(one, 'one'), await send(many, 'many')];
  for (const i of [0, 1]) assert.deepEqual(idsIn(second[i]!.text), idsIn(first[i]!.text));
  assert.equal((await listAll(server, { caller_id: 'acme', limit: '500' })).length, 1_201);
  assert.equal((await send({ number: '91' }, 'one')).status, 422);
  // A key is its caller's own.
  assert.equal((await post(server, one, 'other', { 'idempotency-key': 'one' })).status, 202);
  assert.equal((await ask(server, '/readyz')).status, 200);
});

function idsIn(text: string): string[] {
  return [...text.matchAll(/"request_id":"([^"]+)"/g)].map((match) => match[1] ?? '');
}
