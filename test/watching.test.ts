/** How a client learns that its result is there and changes its mind: long-polls, entity tags, events, cancelling. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readEvents } from '../src/client/event-stream.ts';
import type { EventPayloads } from '../src/contract/event-stream.ts';
import type { RequestBody } from '../src/contract/request-body.ts';
import {
  ask,
  askPatiently,
  assertFactored,
  assertProblem,
  cancel,
  ended,
  look,
  metric,
  read,
  running,
  submit,
} from './support/api.ts';
import { inTime } from './support/in-time.ts';
import { NumberSource } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(2);
/** Half a second more than is promised, on a busy machine. */
const ANSWER_MS_MAX = 2_500;
/** What is answered as soon as it is there: below what would be waited for. */
const DONE_MS_MAX = 1_000;
let server: Server;

before(async () => {
  server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
});
after(() => server[Symbol.asyncDispose]());

/** A number that keeps a worker busy for longer than any test. */
async function submitEndless(): Promise<string> {
  const { request_id } = await submit(server, numbers.semiprime(80).number, 'patient');
  return request_id;
}

test('a long-poll is answered as soon as the result is there', async () => {
  // A thread that has just been started takes longer.
  await ended(server, (await submit(server, numbers.semiprime(30).number)).request_id);
  await inTime(DONE_MS_MAX, async () => {
    const hard = numbers.semiprime(30);
    const { request_id } = await submit(server, hard.number);
    const wait = { headers: { prefer: 'wait=1.5' } };
    const reply = await askPatiently(server, `/requests/${request_id}`, wait);
    assert.equal(reply.headers.get('preference-applied'), 'wait=1.5');
    const request = read<RequestBody>(reply, 200);
    if (request.status !== 'done') return undefined;
    assertFactored(request, hard);
    return request;
  });
});

test('a long-poll for what takes longer is answered within two seconds, with the state so far', async () => {
  const requestId = await submitEndless();
  await inTime(ANSWER_MS_MAX, async () => {
    const reply = await askPatiently(server, `/requests/${requestId}`, { headers: { prefer: 'wait=60' } });
    const request = read<RequestBody>(reply, 200);
    assert.ok(['queued', 'running'].includes(request.status), request.status);
    assert.equal(reply.headers.get('preference-applied'), 'wait=1.8');
    assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
    return request;
  });
  read(await cancel(server, requestId), 200);
});

test('a result that is known already is not sent twice', async () => {
  const { request_id } = await submit(server, 91n);
  await ended(server, request_id);
  const path = `/requests/${request_id}`;
  const first = await ask(server, path);
  const tag = first.headers.get('etag') ?? '';
  const second = await ask(server, path, { headers: { 'if-none-match': tag } });
  assert.equal(second.status, 304);
  assert.equal(second.text, '');
});

test('the event stream tells the states in order and ends with the result', async () => {
  // A second or so of work: a stream is told what has changed about every quarter of a second, so it cannot miss that it runs.
  const hard = numbers.semiprime(60);
  const { request_id } = await submit(server, hard.number);
  const response = await fetch(`${server.url}/requests/${request_id}/events`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert(response.body);
  const states: RequestBody[] = [];
  const progress: EventPayloads['progress'][] = [];
  for await (const { event, data } of readEvents(response.body)) {
    if (event === 'state') states.push(JSON.parse(data) as RequestBody);
    if (event === 'progress') progress.push(JSON.parse(data) as EventPayloads['progress']);
  }
  const order = ['queued', 'running', 'done'];
  const told = states.map(({ status }) => status);
  assert.deepEqual(told, order.slice(order.indexOf(told[0] ?? '')));
  const last = states.at(-1);
  assert(last);
  assertFactored(last, hard);
  assert.deepEqual(last, await look(server, request_id));
  const fractions = progress.flatMap((each) => each.progress?.fraction ?? []);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
  );
});

test('a running request is cancelled at once and its worker goes on with others', async () => {
  const requestId = await submitEndless();
  await running(server, requestId);
  const cancelled = read<RequestBody>(await cancel(server, requestId), 200);
  assert.equal(cancelled.status, 'cancelled');
  assert.deepEqual(cancelled.prime_factors, []);
  assert.deepEqual(await look(server, requestId), cancelled);
  assertProblem(await cancel(server, requestId), 409, 'already_ended');
  assertProblem(await ask(server, `/requests/${requestId}/resume`, { method: 'POST' }), 409, 'not_resumable');
  const hard = numbers.semiprime(40);
  const { request_id } = await submit(server, hard.number);
  assertFactored(await ended(server, request_id), hard);
  await until('nothing left in memory', async () => (await metric(server, 'fairsieve_place_bytes')) === 0);
});

test('a waiting request is cancelled, and the ones behind it keep their turn', async () => {
  const endless = await submitEndless();
  await running(server, endless);
  const waiting = [numbers.semiprime(45), numbers.semiprime(45), numbers.semiprime(45)];
  const ids: string[] = [];
  for (const { number } of waiting) ids.push((await submit(server, number, 'patient')).request_id);
  read(await cancel(server, ids[1]!), 200);
  read(await cancel(server, endless), 200);
  assertFactored(await ended(server, ids[0]!), waiting[0]!);
  assertFactored(await ended(server, ids[2]!), waiting[2]!);
  assert.equal((await look(server, ids[1]!)).status, 'cancelled');
});

test('what has ended cannot be cancelled', async () => {
  const { request_id } = await submit(server, 35n);
  const request = await ended(server, request_id);
  assertProblem(await cancel(server, request_id), 409, 'already_ended');
  assert.deepEqual(await look(server, request_id), request);
});
