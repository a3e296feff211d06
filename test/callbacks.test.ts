/** Callbacks as a caller meets them when all goes well: each end is told, signed, numbered and in order. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CallbackBody } from '../src/contract/request-body.ts';
import type { Accepted } from '../src/contract/submission.ts';
import { FAULTS } from '../src/engine/faulty-worker.ts';
import { ask, assertFactored, assertProblem, cancel, listAll, read } from './support/api.ts';
import {
  attempted,
  attemptsOf,
  CALLBACK_ENV,
  deliveryEvents,
  isGenuine,
  outcomesOf,
  postAsync,
  redeliver,
  secretOf,
  settled,
  submitAllAsync,
  submitAsync,
} from './support/callbacks.ts';
import { NumberSource } from './support/number-source.ts';
import { answer, inTurn, later, Receiver } from './support/receiver.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(31);
/** Far beyond what the budget allows. */
const LONG = numbers.semiprime(75).number;
const JOB_CPU_MS_MAX = 200;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe('callbacks', { concurrency: true }, () => {
  let server: Server;
  before(async () => {
    const env = { ...CALLBACK_ENV, FAIRSIEVE_JOB_CPU_MS_MAX: String(JOB_CPU_MS_MAX) };
    server = await Server.start({ env });
  });
  after(() => server[Symbol.asyncDispose]());

  test('a callback brings the request as it can be fetched, without its timeline, and the trace ends with its delivery', async () => {
    await using receiver = await Receiver.start();
    const work = numbers.semiprime(20);
    const url = receiver.url('/hook/%C3%A9?token=s3cret&n=1');
    const requestId = await submitAsync(server, work.number, url, 'acme');
    const { timeline, ...request } = await settled(server, requestId, 'delivered');
    const [call, ...others] = receiver.calls;
    assert.ok(call);
    assert.deepEqual(others, []);
    // It was sent before anybody could know that it would arrive.
    assert.deepEqual(call.body, { ...request, delivery: 'pending' });
    assert.equal(call.body.callback_url, url);
    assert.equal(call.path, '/hook/%C3%A9?token=s3cret&n=1');
    assert.match(call.headers['content-type'] ?? '', /^application\/json/);
    assert.equal(request.next_attempt_at, null);
    assertFactored({ ...request, timeline }, work);
    assert.deepEqual(
      timeline.map(({ event }) => event),
      ['accepted', 'started', 'finished', 'attempted', 'delivered'],
    );
  });

  test('whoever has the secret that the operator is shown can tell a callback from a forgery', async () => {
    await using receiver = await Receiver.start(inTurn(answer(500), answer(204)));
    const requestId = await submitAsync(server, 91n, receiver.url(), 'signed');
    const [own, other] = await Promise.all([secretOf(server, 'signed'), secretOf(server, 'other')]);
    const request = await settled(server, requestId, 'delivered');
    assert.deepEqual(outcomesOf(request), [500, 204]);
    for (const call of receiver.calls) {
      assert.ok(isGenuine(call, own));
      assert.ok(!isGenuine(call, other));
      assert.ok(!isGenuine({ ...call, text: call.text.replace('"7","13"', '"7","17"') }, own));
    }
    const [first, second] = receiver.calls;
    assert.equal(second?.text, first?.text);
    assert.equal(second?.headers['webhook-id'], first?.headers['webhook-id']);
  });

  test('after a rotation callbacks verify with the new secret and with the former one', async () => {
    await using receiver = await Receiver.start();
    const requestId = await submitAsync(server, 91n, receiver.url(), 'rotating');
    const former = await secretOf(server, 'rotating');
    const fresh = await secretOf(server, 'rotating', '--rotate');
    assert.notEqual(fresh, former);
    await until('a callback signed with the new secret', async () => {
      await settled(server, requestId, 'delivered');
      assert.ok(receiver.calls.every((call) => isGenuine(call, former)));
      if (receiver.calls.some((call) => isGenuine(call, fresh))) return true;
      await redeliver(server, requestId);
      return false;
    });
  });

  test('the numbers of a batch are called back one by one, equal ones too', async () => {
    await using receiver = await Receiver.start();
    const [hard, small] = [numbers.semiprime(34), numbers.semiprime(6)];
    const works = [hard, small, hard, hard, small];
    const ids = await submitAllAsync(
      server,
      works.map(({ number }) => number),
      receiver.url(),
      'batch',
    );
    for (const [i, requestId] of ids.entries())
      assertFactored(await settled(server, requestId, 'delivered'), works[i]!);
    // Known by now: it is done as soon as it is accepted.
    const again = await submitAsync(server, hard.number, receiver.url(), 'batch');
    assertFactored(await settled(server, again, 'delivered'), hard);
    assert.deepEqual(
      receiver.calls.map(({ body }) => body.request_id).toSorted(),
      [...ids, again].toSorted(),
    );
  });

  test('a submission that is repeated with its idempotency key is called back once', async () => {
    await using receiver = await Receiver.start();
    const body = { number: '91', callback_url: receiver.url() };
    const send = (): ReturnType<typeof postAsync> =>
      postAsync(server, body, 'careful', { 'idempotency-key': 'once' });
    const replies = await Promise.all([send(), send()]);
    const ids = [...replies, await send()].map((reply) => read<Accepted>(reply, 202).request_id);
    assert.equal(new Set(ids).size, 1);
    await settled(server, ids[0]!, 'delivered');
    const last = await settled(
      server,
      await submitAsync(server, 93n, receiver.url(), 'careful'),
      'delivered',
    );
    assert.equal(last.sequence, 2);
    assert.equal(receiver.calls.length, 2);
  });

  test('a partial end is told, and after a resumption the next end is told anew, under another number and id', async () => {
    await using receiver = await Receiver.start();
    const requestId = await submitAsync(server, LONG, receiver.url(), 'patient');
    const first = await settled(server, requestId, 'delivered');
    assert.deepEqual([first.status, first.sequence, first.complete], ['partial', 1, false]);
    const resumed = read<CallbackBody>(
      await ask(server, `/requests/${requestId}/resume`, { method: 'POST' }),
      202,
    );
    assert.deepEqual([resumed.delivery, resumed.sequence], ['pending', null]);
    const second = await settled(server, requestId, 'delivered');
    assert.deepEqual([second.status, second.sequence], ['partial', 2]);
    assert.deepEqual(deliveryEvents(second), ['attempted', 'delivered', 'attempted', 'delivered']);
    assert.deepEqual(
      receiver.calls.map(({ body }) => [body.status, body.sequence]),
      [
        ['partial', 1],
        ['partial', 2],
      ],
    );
    const [one, two] = receiver.calls;
    assert.ok(two!.body.cpu_ms > one!.body.cpu_ms);
    assert.notEqual(two!.headers['webhook-id'], one!.headers['webhook-id']);
  });

  test('a partial request is not resumed before its end was told, and then it is', async () => {
    const refusal = Promise.withResolvers<void>();
    await using receiver = await Receiver.start(
      inTurn(answer(500), (...args) => void refusal.promise.then(() => answer(204)(...args))),
    );
    const requestId = await submitAsync(server, LONG, receiver.url(), 'hasty');
    const resume = (): ReturnType<typeof ask> =>
      ask(server, `/requests/${requestId}/resume`, { method: 'POST' });
    const waiting = await attempted(server, requestId, 1);
    const refused = await resume();
    assertProblem(refused, 409, 'not_resumable');
    assert.match(refused.text, new RegExp(`next attempt at ${waiting.next_attempt_at}`));
    refusal.resolve();
    const told = await settled(server, requestId, 'delivered');
    assert.deepEqual([told.status, told.sequence], ['partial', 1]);
    read(await resume(), 202);
    assert.deepEqual(
      receiver.calls.map(({ body }) => [body.status, body.sequence]),
      [
        ['partial', 1],
        ['partial', 1],
      ],
    );
  });
});

test('failed and cancelled requests are told with their reasons', async () => {
  const preload = new URL('./support/faulty-engine.ts', import.meta.url);
  await using server = await Server.start({
    env: { ...CALLBACK_ENV, NODE_OPTIONS: `--import=${preload.href}` },
  });
  await using receiver = await Receiver.start();
  const failing = await submitAsync(server, FAULTS.throws, receiver.url(), 'acme');
  const failed = await settled(server, failing, 'delivered');
  assert.equal(failed.status, 'failed');
  assert.deepEqual(receiver.callsFor(failing)[0]?.body.error, failed.error);
  assert.equal(failed.error?.code, 'job_broke_workers');
  const cancelling = await submitAsync(server, LONG, receiver.url(), 'acme');
  read(await cancel(server, cancelling), 200);
  const cancelled = await settled(server, cancelling, 'delivered');
  assert.equal(receiver.callsFor(cancelling)[0]?.body.status, 'cancelled');
  assert.deepEqual([failed.sequence, cancelled.sequence], [1, 2]);
});

test("a caller's callbacks begin in the order in which its requests ended, numbered without gaps", async () => {
  // One at a time, so that the order of arrival is that of beginning.
  await using server = await Server.start({ env: { ...CALLBACK_ENV, FAIRSIEVE_CALLBACKS_PER_HOST: '1' } });
  await using receiver = await Receiver.start();
  const works = numbers.semiprimes(200, 8).map((work, i) => (i % 10 === 0 ? numbers.semiprime(32) : work));
  const callers = ['acme', 'globex'];
  await Promise.all(
    callers.map((caller) =>
      submitAllAsync(
        server,
        works.map(({ number }) => number),
        receiver.url(),
        caller,
      ),
    ),
  );
  await until('every callback', () => receiver.calls.length === callers.length * works.length);
  assert.equal(receiver.underWayMax, 1);
  for (const caller of callers) {
    const told = receiver.calls.map(({ body }) => body).filter(({ caller_id }) => caller_id === caller);
    assert.deepEqual(
      told.map(({ sequence }) => sequence),
      range(1, works.length),
    );
    const endedAt = told.map(({ finished_at }) => finished_at!);
    assert.deepEqual(endedAt, endedAt.toSorted());
    const ids = told.map(({ request_id }) => request_id);
    assert.equal(new Set(ids).size, works.length);
    // Ids are in the order of acceptance: the ends must have been in another one for this to say anything.
    assert.notDeepEqual(ids, ids.toSorted());
  }
});

test('many attempts may be under way at once, yet those of a caller begin in order', async () => {
  await using server = await Server.start({ env: CALLBACK_ENV });
  await using receiver = await Receiver.start(later(20, answer(204)));
  const ids = await submitAllAsync(
    server,
    numbers.semiprimes(300, 8).map(({ number }) => number),
    receiver.url(),
    'acme',
  );
  await until('every callback', () => receiver.calls.length === ids.length);
  assert.ok(receiver.underWayMax > 1);
  for (const requestId of ids) await settled(server, requestId, 'delivered');
  const requests = await listAll(server, { caller_id: 'acme', limit: '500' });
  const inOrder = requests.toSorted((a, b) => a.sequence! - b.sequence!);
  assert.deepEqual(
    inOrder.map(({ sequence }) => sequence),
    range(1, ids.length),
  );
  const begunAt = inOrder.map((request) => attemptsOf(request)[0]!.at);
  assert.deepEqual(begunAt, begunAt.toSorted());
});
