/** Without room for new requests they are refused, nothing accepted is lost, and service returns by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptedBatch } from '../src/contract/submission.ts';
import { BATCH_NUMBERS_MAX } from '../src/domain/limits.ts';
import {
  ask,
  assertFactored,
  assertProblem,
  ended,
  isOutcomeUnknown,
  list,
  listAll,
  look,
  metric,
  post,
  submit,
} from './support/api.ts';
import { composite, NumberSource, type Composite } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { SmallDisk } from './support/small-disk.ts';
import { until } from './support/until.ts';

const BATCH = 500;
const BATCHES_MAX = 400;
const STOP_MS_MAX = 10_000;
/** Several large batches take longer to be written. */
const WRITE_MS_MIN = 1_000;
const numbers = new NumberSource(11);

/** Posts batches until one is refused for want of room; returns what was accepted, by id. Of many callers: one alone may not have all of it. */
async function fillUp(server: Server): Promise<Map<string, Composite>> {
  const accepted = new Map<string, Composite>();
  for (let i = 0; i < BATCHES_MAX; i++) {
    const batch = Array.from({ length: BATCH }, () =>
      composite([numbers.prime(2), numbers.prime(3), numbers.prime(3)]),
    );
    const body = { numbers: batch.map(({ number }) => String(number)) };
    const reply = await post(server, body, `caller ${i}`);
    if (isOutcomeUnknown(reply)) continue;
    if (reply.status !== 202) {
      assertProblem(reply, 503, 'store_full');
      assert.match(reply.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      return accepted;
    }
    const { requests } = JSON.parse(reply.text) as AcceptedBatch;
    for (const [j, { request_id }] of requests.entries()) accepted.set(request_id, batch[j]!);
  }
  throw new Error(`The store was not full after ${BATCHES_MAX * BATCH} requests`);
}

/** Has as many numbers accepted together as may be, unless there is no room for them. */
async function submitLarge(server: Server, caller: string, accepted: Map<string, Composite>): Promise<void> {
  const batch = Array.from({ length: BATCH_NUMBERS_MAX }, () =>
    composite([numbers.prime(2), numbers.prime(3), numbers.prime(3)]),
  );
  const reply = await post(server, { numbers: batch.map(({ number }) => String(number)) }, caller);
  if (isOutcomeUnknown(reply)) return;
  if (reply.status !== 202) {
    assertProblem(reply, 503, 'store_full');
    return;
  }
  const { requests } = JSON.parse(reply.text) as AcceptedBatch;
  for (const [j, { request_id }] of requests.entries()) accepted.set(request_id, batch[j]!);
}

async function assertAllDone(server: Server, accepted: ReadonlyMap<string, Composite>): Promise<void> {
  await until(
    'the end of all work',
    async () => (await metric(server, 'fairsieve_requests_waiting')) === 0,
    120_000,
  );
  const requests = await listAll(server, { limit: '500' });
  for (const request of requests) {
    const work = accepted.get(request.request_id);
    if (work) assertFactored(request, work);
  }
  const there = new Set(requests.map(({ request_id }) => request_id));
  assert.deepEqual(
    [...accepted.keys()].filter((id) => !there.has(id)),
    [],
  );
}

function returns(server: Server): Promise<unknown> {
  return until(
    'requests accepted again',
    async () => (await post(server, { number: 91 }, 'after')).status === 202,
  );
}

test('on a full disk new requests are refused, what was accepted is finished, and service returns with the room', async (t) => {
  await using disk = await SmallDisk.mount(20);
  if (!disk) return t.skip('needs root on Linux, for a small tmpfs');
  await using server = await Server.start({ dataDir: disk.folder });
  await disk.fill(8 * 2 ** 20);
  const accepted = await fillUp(server);
  assert.ok(accepted.size > BATCH, `only ${accepted.size} were accepted`);
  const [first = ''] = accepted.keys();
  await assertAllDone(server, accepted);
  assertFactored(await look(server, first), accepted.get(first)!);
  assert.equal((await list(server, {})).requests.length, 50);
  assert.equal((await ask(server, '/healthz')).status, 200);
  await disk.clear();
  await returns(server);
  return undefined;
});

test('while another program holds all the room nothing accepted is lost, over a kill too, and work ends when there is room', async (t) => {
  await using disk = await SmallDisk.mount(24);
  if (!disk) return t.skip('needs root on Linux, for a small tmpfs');
  await using server = await Server.start({ dataDir: disk.folder, env: { FAIRSIEVE_WORKERS: '1' } });
  const hard = numbers.semiprimes(20, 46);
  const accepted = new Map<string, Composite>();
  for (const work of hard) accepted.set((await submit(server, work.number)).request_id, work);
  await disk.fill();
  const refused = await until('a refusal', async () => {
    const reply = await post(server, { number: 91 });
    if (reply.status === 202)
      accepted.set((JSON.parse(reply.text) as { request_id: string }).request_id, composite([7n, 13n]));
    return reply.status !== 202 && !isOutcomeUnknown(reply) && reply;
  });
  assertProblem(refused, 503, 'store_full');
  for (const id of accepted.keys())
    assert.equal((await look(server, id)).number, String(accepted.get(id)!.number));
  await server.end('SIGKILL');
  await disk.clear();
  await server.start();
  await returns(server);
  for (const [id, work] of accepted) assertFactored(await ended(server, id), work);
  return undefined;
});

test('with large batches accepted and not written, it stops in time on a full disk, says so, and has all of them after the next start', async (t) => {
  for (let tries = 1; tries <= 3; tries++) {
    await using disk = await SmallDisk.mount(64);
    if (!disk) return t.skip('needs root on Linux, for a small tmpfs');
    await using server = await Server.start({ dataDir: disk.folder });
    const accepted = new Map<string, Composite>();
    const submitting = Array.from({ length: 6 }, (_, i) => submitLarge(server, `caller ${i % 3}`, accepted));
    const sentMs = performance.now();
    await Promise.race(submitting);
    await disk.fill();
    const fullMs = performance.now() - sentMs;
    await Promise.all(submitting);
    const beganMs = performance.now();
    assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null });
    assert.ok(performance.now() - beganMs < STOP_MS_MAX, `${performance.now() - beganMs} ms`);
    const isSaid = /"unwritten":[1-9]/.test(server.log);
    await disk.clear();
    await server.start();
    await assertAllDone(server, accepted);
    if (isSaid) return undefined;
    assert.ok(fullMs >= WRITE_MS_MIN, `it said nothing of what it had not written:\n${server.log}`);
  }
  return assert.fail('The disk was not full before everything was written');
});

test('at its own bound the store refuses new requests, finishes the others, deletes no answer so soon, and makes room from the oldest later', async () => {
  const env = { FAIRSIEVE_STORE_BYTES_MAX: '6MiB', FAIRSIEVE_WORKERS: '1' };
  await using server = await Server.start({ env });
  const accepted = await fillUp(server);
  await assertAllDone(server, accepted);
  assertProblem(await post(server, { number: 91 }, 'after'), 503, 'store_full');
  await assertAllDone(server, accepted);
  await server.end('SIGTERM');
  await using later = await Server.start({
    dataDir: server.dataDir,
    env: { ...env, FAIRSIEVE_RETENTION: '1s' },
  });
  await returns(later);
});
