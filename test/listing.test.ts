/** `GET /requests`: filters and pages over more rows than fit on one, while work goes on. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ask,
  assertProblem,
  cancel,
  ended,
  list,
  listAll,
  metric,
  read,
  submit,
  submitAll,
} from './support/api.ts';
import { NumberSource } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(6);
const CALLERS = ['a', 'b', 'c'];
const EACH = 800;
let server: Server;
const submitted = new Map<string, string[]>();

before(async () => {
  server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  for (const caller of CALLERS) {
    const batch = Array.from({ length: EACH }, (_, i) => BigInt(i + 1));
    submitted.set(
      caller,
      (await submitAll(server, batch, caller)).map(({ request_id }) => request_id),
    );
  }
  await until('all of it done', async () => (await metric(server, 'fairsieve_requests_waiting')) === 0);
});
after(() => server[Symbol.asyncDispose]());

test('the pages of a list hold every request once, newest first', async () => {
  const all = (await listAll(server, { limit: '37' })).map(({ request_id }) => request_id);
  assert.deepEqual(all, CALLERS.flatMap((caller) => submitted.get(caller)!).toReversed());
});

test('a list can be of one caller', async () => {
  const own = await listAll(server, { caller_id: 'b', limit: '100' });
  assert.deepEqual(
    own.map(({ request_id }) => request_id),
    submitted.get('b')!.toReversed(),
  );
  assert.ok(own.every(({ caller_id }) => caller_id === 'b'));
  assert.deepEqual(await listAll(server, { caller_id: 'nobody' }), []);
});

test('a page holds as many as were asked for, and 50 if nothing was said', async () => {
  assert.equal((await list(server, {})).requests.length, 50);
  assert.equal((await list(server, { limit: '500' })).requests.length, 500);
  for (const limit of ['0', '501', 'many'])
    assertProblem(await ask(server, `/requests?limit=${limit}`), 400, 'query_invalid');
});

test('a list can be of one status, and each request is in the list of its own only', async () => {
  const endless = await submit(server, numbers.semiprime(80).number, 'status');
  await until('it running', async () => (await list(server, { status: 'running' })).requests.length === 1);
  const waiting = await submitAll(
    server,
    numbers.semiprimes(3, 48).map(({ number }) => number),
    'status',
  );
  read(await cancel(server, waiting[1]!.request_id), 200);
  const idsOf = async (status: string): Promise<string[]> =>
    (await listAll(server, { caller_id: 'status', status })).map(({ request_id }) => request_id);
  assert.deepEqual(await idsOf('cancelled'), [waiting[1]!.request_id]);
  assert.deepEqual(await idsOf('done'), []);
  const open = [...(await idsOf('running')), ...(await idsOf('queued'))];
  assert.deepEqual(
    open.toSorted(),
    [endless.request_id, waiting[0]!.request_id, waiting[2]!.request_id].toSorted(),
  );
  read(await cancel(server, endless.request_id), 200);
  for (const i of [0, 2]) await ended(server, waiting[i]!.request_id);
  assert.deepEqual(await idsOf('done'), [waiting[2]!.request_id, waiting[0]!.request_id]);
  assert.equal((await listAll(server, { status: 'cancelled' })).length, 2);
});

test('what is accepted while a client pages appears on no later page, and nothing is missed', async () => {
  const first = await list(server, { caller_id: 'a', limit: '300' });
  await submitAll(server, [2n, 3n, 5n], 'a');
  const second = await list(server, { caller_id: 'a', limit: '500', cursor: first.next! });
  const seen = [...first.requests, ...second.requests].map(({ request_id }) => request_id);
  assert.deepEqual(seen, submitted.get('a')!.toReversed());
});

test('a filter or cursor that does not exist is refused', async () => {
  for (const query of ['status=finished', 'mode=fast', 'cursor=%2F%2F', 'colour=red'])
    assertProblem(await ask(server, `/requests?${query}`), 400, 'query_invalid');
});
