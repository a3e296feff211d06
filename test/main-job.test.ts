/** A number posted is factored and can be fetched: what a user of `/requests` meets, with the real program. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import type { Accepted } from '../src/contract/submission.ts';
import {
  ask,
  assertFactored,
  assertProblem,
  ended,
  list,
  listAll,
  look,
  metric,
  post,
  read,
  submit,
  submitAll,
} from './support/api.ts';
import { composite, NumberSource } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const REFERENCE = composite([100000000000000000039n, 1000000000000000000117n]);
const numbers = new NumberSource(1);
let server: Server;

before(async () => {
  server = await Server.start();
});
after(() => server[Symbol.asyncDispose]());

test('the reference number is accepted at once and factored', async () => {
  const reply = await post(server, `{"number": ${REFERENCE.number}}`);
  const accepted = read<Accepted>(reply, 202);
  assert.equal(accepted.status, 'queued');
  assert.equal(reply.headers.get('location'), `/requests/${accepted.request_id}`);
  const request = await ended(server, accepted.request_id);
  assertFactored(request, REFERENCE);
  assert.deepEqual(
    request.factors.map(({ prime, exponent }) => [prime, exponent]),
    REFERENCE.primes.map((prime) => [String(prime), 1]),
  );
  assert.ok(request.cpu_ms > 0);
});

test('the caller id is taken from any of three headers or from the query', async () => {
  const ways: [path: string, headers: Record<string, string>][] = [
    ['/requests', { 'x-caller-id': 'acme' }],
    ['/requests', { 'caller-id': 'acme' }],
    ['/requests', { caller_id: 'acme' }],
    ['/requests?caller_id=acme', {}],
  ];
  for (const [path, headers] of ways) {
    const reply = await ask(server, path, { method: 'POST', headers, body: '{"number": 91}' });
    const { request_id } = read<Accepted>(reply, 202);
    assert.equal((await look(server, request_id)).caller_id, 'acme', path);
  }
  const reply = await ask(server, '/requests', { method: 'POST', body: '{"number": 91}' });
  assertProblem(reply, 400, 'caller_id_missing');
});

test('any text is a valid caller id', async () => {
  for (const callerId of [
    'a b',
    '__proto__',
    'constructor',
    '株式会社',
    '🐇',
    "';--",
    '0',
    'x'.repeat(256),
  ]) {
    const path = `/requests?caller_id=${encodeURIComponent(callerId)}`;
    const byQuery = read<Accepted>(await ask(server, path, { method: 'POST', body: '{"number": 91}' }), 202);
    assert.equal((await look(server, byQuery.request_id)).caller_id, callerId);
    const header = Buffer.from(callerId, 'utf8').toString('latin1');
    const byHeader = read<Accepted>(await post(server, { number: 91 }, header), 202);
    assert.equal((await ended(server, byHeader.request_id)).caller_id, callerId);
  }
});

test('a request is fetched by path or by query', async () => {
  const { request_id } = await submit(server, 97n);
  const byPath = await ended(server, request_id);
  const byQuery = read<RequestBody>(await ask(server, `/requests?request_id=${request_id}`), 200);
  assert.deepEqual(byQuery, byPath);
});

test('an id that nobody was given is not found, nor is one that differs in a single character', async () => {
  const { request_id } = await submit(server, 97n);
  const last = request_id.endsWith('0') ? '1' : '0';
  for (const id of ['nonsense', '..%2f..', request_id.slice(0, -1) + last, '0'.repeat(request_id.length)])
    assertProblem(await ask(server, `/requests/${id}`), 404, 'request_not_found');
});

test('a number may be an integer of any size, a decimal string, hexadecimal or an expression', async () => {
  const n = 2n ** 96n + 1n;
  for (const form of [
    `${n}`,
    `"${n}"`,
    `"0x${n.toString(16)}"`,
    '"2^96+1"',
    '" (2^192 - 1) / (2^96 - 1) "',
  ]) {
    const { request_id } = read<Accepted>(await post(server, `{"number": ${form}}`), 202);
    assertFactored(await ended(server, request_id), composite([641n, 6700417n, 18446744069414584321n]));
  }
});

test('1 has no prime factors, a prime has itself, and powers count', async () => {
  const prime = 2n ** 127n - 1n;
  for (const primes of [[], [2n], [prime], [prime, prime, prime], Array.from({ length: 64 }, () => 2n)]) {
    const { request_id } = await submit(server, composite(primes).number);
    assertFactored(await ended(server, request_id), composite(primes));
  }
});

test('what is no number of at least 1 is refused with the reason and leaves nothing behind', async () => {
  for (const number of [
    '0',
    '-7',
    '1.5',
    '1e5',
    '"NaN"',
    '"+5"',
    'null',
    '[]',
    '{}',
    `"1${'0'.repeat(1000)}"`,
  ]) {
    const reply = await post(server, `{"number": ${number}}`, 'wrong');
    assert.ok(reply.status === 400 || reply.status === 422, `${number}: ${reply.status} ${reply.text}`);
    assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
  }
  assert.deepEqual((await list(server, { caller_id: 'wrong' })).requests, []);
});

test('a batch of 10,000 numbers is accepted together and every one is answered, in order', async () => {
  const batch = Array.from({ length: 10_000 }, () =>
    composite([numbers.prime(3), numbers.prime(4), numbers.prime(4)]),
  );
  const requests = await submitAll(
    server,
    batch.map(({ number }) => number),
    'bulk',
  );
  assert.deepEqual(
    requests.map(({ number }) => number),
    batch.map(({ number }) => String(number)),
  );
  assert.equal(new Set(requests.map(({ request_id }) => request_id)).size, 10_000);
  await until('all of it done', async () => (await metric(server, 'fairsieve_requests_waiting')) === 0);
  const answers = new Map(
    (await listAll(server, { caller_id: 'bulk', limit: '500' })).map((r) => [r.request_id, r]),
  );
  assert.equal(answers.size, 10_000);
  for (const [i, { request_id }] of requests.entries()) assertFactored(answers.get(request_id)!, batch[i]!);
});

test('numbers of every size up to 50 digits are factored', async () => {
  const hard = Array.from({ length: 46 }, (_, i) => numbers.semiprime(i + 5));
  const requests = await submitAll(
    server,
    hard.map(({ number }) => number),
  );
  for (const [i, { request_id }] of requests.entries())
    assertFactored(await ended(server, request_id), hard[i]!);
});

test('the timeline tells what happened, in the order in which it did', async () => {
  const { request_id } = await submit(server, numbers.semiprime(40).number);
  const request = await ended(server, request_id);
  const events = request.timeline.map(({ event }) => event);
  assert.equal(events[0], 'accepted');
  assert.equal(events[1], 'started');
  assert.equal(events.at(-1), 'finished');
  const times = request.timeline.map(({ at }) => Date.parse(at));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.equal(request.accepted_at, request.timeline[0]?.at);
  assert.equal(request.finished_at, request.timeline.at(-1)?.at);
});
