/** Inline answers as their callers meet them, with the real program: quick ones, slow ones, storms, hang-ups and restarts. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import type { Accepted } from '../src/contract/submission.ts';
import {
  ask,
  assertFactored,
  cancel,
  ended,
  isOutcomeUnknown,
  list,
  listAll,
  look,
  metric,
  postPatiently,
  read,
  submitAll,
  type Ask,
  type Reply,
  type Target,
} from './support/api.ts';
import { inTime } from './support/in-time.ts';
import { NumberSource, type Composite } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(11);
const ONE_WORKER = { env: { FAIRSIEVE_WORKERS: '1' } };
/** Its clients wait for as long as they want to, or until they hang up. */
const PATIENT = { env: { FAIRSIEVE_WORKERS: '1', FAIRSIEVE_WAIT_MS_MAX: '60000' } };
/** Every answer comes within 2 s; a machine that runs the clients, all workers and other tests besides may add a second. */
const ANSWER_MS_MAX = 3_000;

function callSync(
  target: Target,
  { number }: Composite,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return postPatiently(target, '/sync', `{"number": ${number}}`, headers);
}

/** The answer to a call with a number that takes no time; undefined if it was held up all the same. */
async function callInline(
  target: Target,
  hard: Composite,
  headers: Readonly<Record<string, string>> = {},
): Promise<RequestBody | undefined> {
  const reply = await callSync(target, hard, headers);
  if (reply.status === 202) return undefined;
  const request = read<RequestBody>(reply, 200);
  assertFactored(request, hard);
  return request;
}

/** Sends it on a connection of its own that does not read; resolves to how to hang up once the server has somebody waiting. */
async function callAndWait(
  server: Server,
  { number }: Composite,
  headers: readonly string[] = [],
): Promise<() => Promise<void>> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
  const body = `{"number":${number}}`;
  const head = ['POST /sync HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers];
  socket.write(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await until('the client waiting', async () => (await metric(server, 'fairsieve_http_waiters')) === 1);
  return async () => {
    socket.destroy();
    await until('nobody waiting', async () => (await metric(server, 'fairsieve_http_waiters')) === 0);
  };
}

/**
 * How many of `requests` ended between the acceptance and the end of each of `calls`, by the clock of the service; most first. The first one
 * or two may be chance: where the machine holds up the thread that writes a call down, the workers go on.
 */
function passed(requests: readonly RequestBody[], calls: readonly (RequestBody | undefined)[]): number[] {
  const times = requests.map(({ finished_at }) => Date.parse(finished_at ?? ''));
  const counts = calls.map((call) => {
    if (!call) return Infinity;
    const [fromMs, toMs] = [Date.parse(call.accepted_at), Date.parse(call.finished_at ?? '')];
    return times.filter((atMs) => atMs > fromMs && atMs < toMs).length;
  });
  return counts.toSorted((a, b) => b - a);
}

test('18 digits are answered inline, to whoever asks, and can be looked up afterwards', async () => {
  await using server = await Server.start();
  const request = await inTime(ANSWER_MS_MAX, () => callInline(server, numbers.semiprime(18)));
  assert.deepEqual([request.mode, request.caller_id], ['sync', 'anonymous']);
  assert.deepEqual(await look(server, request.request_id), request);
  const [latest] = (await list(server, { mode: 'sync' })).requests;
  assert.equal(latest?.request_id, request.request_id);
});

test('what takes longer is answered with 202 within two seconds, goes on, and can be fetched', async () => {
  await using server = await Server.start();
  const call = async (): Promise<{ readonly hard: Composite; readonly requestId: string }> => {
    const hard = numbers.semiprime(72);
    const reply = await callSync(server, hard, { 'x-caller-id': 'acme', prefer: 'wait=60' });
    const { request_id: requestId } = read<Accepted>(reply, 202);
    assert.equal(reply.headers.get('preference-applied'), 'wait=1.8');
    assert.equal(reply.headers.get('location'), `/requests/${requestId}`);
    assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
    return { hard, requestId };
  };
  const { hard, requestId } = await inTime(ANSWER_MS_MAX, call, (late) => cancel(server, late.requestId));
  const request = await ended(server, requestId);
  assertFactored(request, hard);
  assert.deepEqual([request.mode, request.caller_id], ['sync', 'acme']);
});

test('a client that hangs up does not cancel its request', async () => {
  await using server = await Server.start(PATIENT);
  const hard = numbers.semiprime(66);
  const hangUp = await callAndWait(server, hard);
  await hangUp();
  const [left] = (await list(server, { mode: 'sync' })).requests;
  assert(left);
  assert.ok(['queued', 'running'].includes(left.status), `it must not have ended yet: ${left.status}`);
  assertFactored(await ended(server, left.request_id), hard);
});

test('a storm of 2,000 calls from 20 callers on 200 connections is answered, mostly inline, and right', async () => {
  await using server = await Server.start();
  const storm = numbers.semiprimes(2_000, 18);
  const connections = 200;
  // A machine that stands still twice holds up all that is under way then.
  const heldUpMax = 2 * connections;
  let heldUp = 0;
  const send = async (call: Ask): Promise<Reply> => {
    for (; heldUp <= heldUpMax; heldUp++) {
      const reply = await ask(server, '/sync', call);
      if (!isOutcomeUnknown(reply)) return reply;
    }
    return assert.fail(`the outcome of more than ${heldUpMax} calls was unknown`);
  };
  let inline = 0;
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (let i = next++; i < storm.length; i = next++) {
        const hard = storm[i]!;
        const headers = { 'x-caller-id': `caller-${connection % 20}`, 'idempotency-key': `key-${i}` };
        const reply = await send({ method: 'POST', headers, body: `{"number": ${hard.number}}` });
        if (reply.status === 200) {
          inline++;
          assertFactored(read<RequestBody>(reply, 200), hard);
        } else assertFactored(await ended(server, read<Accepted>(reply, 202).request_id), hard);
      }
    }),
  );
  assert.ok(inline > storm.length / 2, `only ${inline} of ${storm.length} were answered inline`);
  assert.equal(await metric(server, 'fairsieve_http_waiters'), 0);
});

test("one caller's storm does not hold up another's call", async () => {
  const workers = 2;
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: String(workers) } });
  const stop = new AbortController();
  const storming = Array.from({ length: 100 }, async () => {
    while (!stop.signal.aborted) await callSync(server, numbers.semiprime(40), { 'x-caller-id': 'storm' });
  });
  await until('a backlog', async () => (await metric(server, 'fairsieve_requests_waiting')) > 90);
  const calls: (RequestBody | undefined)[] = [];
  for (const hard of numbers.semiprimes(20, 18))
    calls.push(await callInline(server, hard, { 'x-caller-id': 'calm' }));
  stop.abort();
  await Promise.all(storming);
  const storm = await listAll(server, { caller_id: 'storm', limit: '500' });
  const [, , ...counts] = passed(storm, calls);
  assert.ok(
    counts[0]! <= workers + 1,
    `requests of the storm that were served before a single call: ${counts.join(' ')}`,
  );
});

test('a call goes before what its caller has queued, while its client waits', async () => {
  await using server = await Server.start(ONE_WORKER);
  // More than memory holds of one caller, so that it is loaded out of turn.
  await submitAll(
    server,
    numbers.semiprimes(700, 46).map(({ number }) => number),
    'acme',
  );
  const calls: (RequestBody | undefined)[] = [];
  for (const hard of numbers.semiprimes(3, 18))
    calls.push(await callInline(server, hard, { 'x-caller-id': 'acme' }));
  const queued = await listAll(server, { caller_id: 'acme', mode: 'queued', limit: '500' });
  assert.ok(queued.filter(({ status }) => status === 'queued').length > 500);
  const [, mostButOne] = passed(queued, calls);
  assert.ok(mostButOne! <= 2, `${mostButOne} of its own were served before a call, and that twice`);
});

test('a call goes after what its caller had queued before, once its client waits no longer', async () => {
  await using server = await Server.start(PATIENT);
  const queued = await submitAll(
    server,
    numbers.semiprimes(60, 46).map(({ number }) => number),
    'acme',
  );
  // A thread that has just been started takes longer than the client will wait.
  await ended(server, queued[0]!.request_id);
  // It is begun within the wait, though the machine stands still for a while, and takes longer.
  const hard = numbers.semiprime(73);
  const reply = await callSync(server, hard, { 'x-caller-id': 'acme', prefer: 'wait=5' });
  const { request_id } = read<Accepted>(reply, 202);
  const begun = await look(server, request_id);
  assert.ok(
    begun.timeline.some(({ event }) => event === 'started'),
    'it has gone first while its client waited',
  );
  const request = await ended(server, request_id);
  assertFactored(request, hard);
  for (const own of queued) {
    const { status, finished_at } = await look(server, own.request_id);
    assert.equal(status, 'done');
    assert.ok(finished_at! <= request.finished_at!, 'one that was queued before ended after it');
  }
});

test('a call that a crash cut off is worked on after the restart, and the same call again finds it', async () => {
  await using server = await Server.start(PATIENT);
  const hard = numbers.semiprime(66);
  await callAndWait(server, hard, ['Idempotency-Key: k-1']);
  await server.end('SIGKILL');
  await server.start();
  const [left, ...others] = (await list(server, { mode: 'sync' })).requests;
  assert(left);
  assert.deepEqual(others, []);
  await inTime(ANSWER_MS_MAX, async () => {
    const again = await callSync(server, hard, { 'idempotency-key': 'k-1', prefer: 'wait=1.8' });
    assert.equal((JSON.parse(again.text) as Accepted).request_id, left.request_id);
    return again;
  });
  assertFactored(await ended(server, left.request_id), hard);
  assert.equal((await list(server, { mode: 'sync' })).requests.length, 1);
});
