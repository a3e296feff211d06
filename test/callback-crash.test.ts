/** No callback is lost: the program is killed or stopped at the worst moments, and started over the same folder. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Accepted } from '../src/contract/submission.ts';
import { assertFactored, list, listAll, look, metric, read, type Reply } from './support/api.ts';
import {
  attempted,
  CALLBACK_ENV,
  deliveryEvents,
  isGenuine,
  outcomesOf,
  postAsync,
  secretOf,
  settled,
  submitAllAsync,
  submitAsync,
} from './support/callbacks.ts';
import { composite, NumberSource, type Composite } from './support/number-source.ts';
import { answer, hang, Receiver } from './support/receiver.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const KILLS = 6;
const PRODUCERS = 4;
const CALLERS = ['acme', 'globex', 'initech'];
const STOP_MS_MAX = 10_000;
/** So long a program that stops gives the attempts under way, and no less: only one that stood still comes to cut off what is answered at once. */
const CUT_OFF_MS = 2_000;
const NUMBERS = [91n, 93n, 95n, 99n, 111n, 115n];

const numbers = new NumberSource(32);

describe('callbacks over an end of the program', { concurrency: true }, () => {
  test('killed after the receiver has answered and before that was written down, it calls again with the same id', async () => {
    await using server = await Server.start({ env: CALLBACK_ENV });
    let answered = false;
    await using receiver = await Receiver.start((response) => {
      // Stopped, it cannot read the answer, let alone write it down.
      if (!answered) process.kill(server.pid, 'SIGSTOP');
      response.writeHead(200).end(() => (answered = true));
    });
    const requestId = await submitAsync(server, 91n, receiver.url(), 'acme');
    await until('an answer', () => answered);
    await server.end('SIGKILL');
    await server.start();
    const request = await settled(server, requestId, 'delivered');
    assert.equal(receiver.calls.length, 2);
    const [first, second] = receiver.calls;
    assert.equal(second!.headers['webhook-id'], first!.headers['webhook-id']);
    assert.equal(second!.text, first!.text);
    const secret = await secretOf(server, 'acme');
    assert.ok(isGenuine(first!, secret) && isGenuine(second!, secret));
    // Of the first one nothing was written down.
    assert.deepEqual(deliveryEvents(request), ['attempted', 'delivered']);
  });

  test('a retry that was planned is made after a kill, and attempts made before it count', async () => {
    await using server = await Server.start({ env: CALLBACK_ENV });
    await using receiver = await Receiver.start(answer(500));
    const requestId = await submitAsync(server, 91n, receiver.url(), 'acme');
    await attempted(server, requestId, 1);
    await server.end('SIGKILL');
    await server.start();
    const request = await settled(server, requestId, 'dead');
    assert.deepEqual(outcomesOf(request), [500, 500, 500]);
  });

  test('SIGTERM with attempts under way ends the program in order, and they are made again', async () => {
    await using server = await Server.start({ env: CALLBACK_ENV });
    await using receiver = await Receiver.start(hang);
    const ids = await submitAllAsync(server, NUMBERS, receiver.url(), 'acme');
    await until('every attempt under way', () => receiver.calls.length === ids.length);
    const beganMs = performance.now();
    assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null });
    assert.ok(performance.now() - beganMs < STOP_MS_MAX);
    receiver.behave(answer(204));
    await server.start();
    for (const requestId of ids) {
      const request = await settled(server, requestId, 'delivered');
      // What was cut off says nothing about the receiver.
      assert.deepEqual(outcomesOf(request), [204]);
      const [first, second, ...others] = receiver.callsFor(requestId);
      assert.equal(second!.headers['webhook-id'], first!.headers['webhook-id']);
      assert.deepEqual(others, []);
    }
  });

  test('an attempt that ends while the program stops is written down, and not made again', async () => {
    const tries: Stopped[] = [];
    do tries.push(await stopDuringAttempt());
    while (tries.length < 3 && tries.at(-1)!.calls > 1 && tries.at(-1)!.tookMs >= CUT_OFF_MS);
    const { events, calls, tookMs } = tries.at(-1)!;
    assert.deepEqual({ events, calls }, { events: ['attempted', 'delivered'], calls: 1 }, `${tookMs} ms`);
  });
});

interface Stopped {
  readonly events: ReturnType<typeof deliveryEvents>;
  readonly calls: number;
  readonly tookMs: number;
}

/** Has the program stop during an attempt, which then ends; what is told of it after the next start. */
async function stopDuringAttempt(): Promise<Stopped> {
  await using server = await Server.start({ env: CALLBACK_ENV });
  const stopping = Promise.withResolvers<void>();
  await using receiver = await Receiver.start(
    (...args) => void stopping.promise.then(() => answer(204)(...args)),
  );
  const requestId = await submitAsync(server, 91n, receiver.url(), 'acme');
  await until('the attempt under way', () => receiver.calls.length === 1);
  const beganMs = performance.now();
  const ending = server.end('SIGTERM');
  await until('it to listen no more', () => isDeaf(server));
  stopping.resolve();
  assert.equal((await ending).code, 0);
  const tookMs = performance.now() - beganMs;
  await server.start();
  const events = deliveryEvents(await settled(server, requestId, 'delivered'));
  return { events, calls: receiver.calls.length, tookMs };
}

async function isDeaf(server: Server): Promise<boolean> {
  return fetch(`${server.url}/healthz`).then(
    () => false,
    () => true,
  );
}

test(`after ${KILLS} kills under load every request accepted is called back, with the right answer, numbered without gaps`, async () => {
  await using server = await Server.start({ env: CALLBACK_ENV });
  // Now and then it fails, so that there are always retries to be lost; none so often that its callback is given up.
  let calls = 0;
  const failed = new Set<string>();
  await using receiver = await Receiver.start((response, call) => {
    const fails = ++calls % 40 === 0 && !failed.has(call.body.request_id);
    if (fails) failed.add(call.body.request_id);
    answer(fails ? 500 : 204)(response, call);
  });
  const accepted = new Map<string, Composite>();
  const loadEnds = new AbortController();
  let sent = 0;

  async function produce(): Promise<void> {
    while (!loadEnds.signal.aborted) {
      const i = sent++;
      const work =
        i % 20 === 0
          ? numbers.semiprime(30)
          : composite([numbers.prime(3), numbers.prime(4), numbers.prime(5)]);
      const body = { number: String(work.number), callback_url: receiver.url(`/${i}`) };
      const reply = await insist(
        () => postAsync(server, body, CALLERS[i % CALLERS.length]!, { 'idempotency-key': `key-${i}` }),
        loadEnds.signal,
      );
      // It ended without an answer: nothing was promised.
      if (reply === undefined) return;
      const { request_id } = read<Accepted>(reply, 202);
      assert.ok(!accepted.has(request_id), `${request_id} was given to two numbers`);
      accepted.set(request_id, work);
    }
  }
  async function killAgainAndAgain(): Promise<void> {
    try {
      for (let kill = 1; kill <= KILLS; kill++) {
        const enough = accepted.size + numbers.integer(10, 80);
        await until('some load', () => accepted.size >= enough);
        await sleep(numbers.integer(0, 50));
        await server.end('SIGKILL');
        await server.start();
      }
    } finally {
      loadEnds.abort();
    }
  }
  await Promise.all([...Array.from({ length: PRODUCERS }, produce), killAgainAndAgain()]);

  const nothingPending = async (): Promise<boolean> => {
    const { requests, next } = await list(server, { delivery: 'pending', limit: '1' });
    return requests.length === 0 && next === null;
  };
  await until('the end of all work', async () => (await metric(server, 'fairsieve_requests_waiting')) === 0);
  await until('the end of all deliveries', nothingPending, 60_000);
  for (const caller of CALLERS) {
    const requests = await listAll(server, { caller_id: caller, limit: '500' });
    const sequences = requests.map(({ sequence }) => sequence!).toSorted((a, b) => a - b);
    assert.deepEqual(
      sequences,
      Array.from(requests, (_, i) => i + 1),
    );
  }
  for (const [requestId, work] of accepted) {
    const request = await look(server, requestId);
    assertFactored(request, work);
    assert.equal(request.delivery, 'delivered', JSON.stringify(request.timeline));
    const told = receiver.callsFor(requestId);
    assert.ok(told.length > 0, `${requestId} was never called back`);
    assert.equal(new Set(told.map(({ headers }) => headers['webhook-id'])).size, 1);
    for (const { body, path } of told) {
      assert.deepEqual(body.prime_factors, request.prime_factors);
      assert.equal(body.sequence, request.sequence);
      assert.equal(receiver.url(path), request.callback_url);
    }
  }
});

/** Repeats what a dead server did not answer, or one that was held up not in time, as our clients do; undefined if the load ends first. */
async function insist(send: () => Promise<Reply>, end: AbortSignal): Promise<Reply | undefined> {
  while (!end.aborted) {
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
