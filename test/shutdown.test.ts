/** Stopping in order, and refusing to start with a clear word where it can't. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvents } from '../src/client/event-stream.ts';
import type { RequestBody } from '../src/contract/request-body.ts';
import {
  ask,
  assertFactored,
  ended,
  listAll,
  look,
  metric,
  read,
  running,
  submit,
  submitAll,
} from './support/api.ts';
import { NumberSource } from './support/number-source.ts';
import { runProgram } from './support/program.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const STOP_MS_MAX = 10_000;
const numbers = new NumberSource(8);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} answers who waits, ends event streams, and ends the program with code 0`, async () => {
    await using server = await Server.start({ env: { FAIRSIEVE_WAIT_MS_MAX: '60000' } });
    const { request_id } = await submit(server, numbers.semiprime(80).number);
    await running(server, request_id);
    const longPoll = ask(server, `/requests/${request_id}`, { headers: { prefer: 'wait=60' } });
    const stream = await fetch(`${server.url}/requests/${request_id}/events`);
    const events = readEvents(stream.body!);
    assert.equal((await events.next()).value?.event, 'state');
    await until('both waiting', async () => (await metric(server, 'fairsieve_http_waiters')) === 2);
    const beganMs = performance.now();
    const ending = server.end(signal);
    const request = read<RequestBody>(await longPoll, 200);
    assert.equal(request.status, 'running');
    for (let last = await events.next(); last.done !== true;) last = await events.next();
    assert.deepEqual(await ending, { code: 0, signal: null });
    assert.ok(performance.now() - beganMs < STOP_MS_MAX);
    await assert.rejects(ask(server, '/healthz'), TypeError);
  });
}

test('what a running job has found is kept when the program stops', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  const { request_id } = await submit(server, numbers.semiprime(73).number);
  const before = await running(
    server,
    request_id,
    ({ progress }) => progress?.stage === 'siqs' && progress.fraction > 0.4,
  );
  assert.equal((await server.end('SIGTERM')).code, 0);
  await server.start();
  const after = await running(server, request_id, ({ progress }) => progress?.stage === 'siqs');
  assert.ok(after.cpu_ms >= before.cpu_ms, `CPU time was ${before.cpu_ms} and is ${after.cpu_ms} ms`);
  // The log is taken in bit by bit; finding all of it again would take as long as before.
  const { fraction } = before.progress!;
  const again = await running(server, request_id, ({ progress }) => progress!.fraction >= fraction);
  const retakenMs = again.cpu_ms - after.cpu_ms;
  assert.ok(
    retakenMs < before.cpu_ms / 2,
    `${retakenMs} ms of CPU to be where it was after ${before.cpu_ms} ms`,
  );
});

test('stopping with much waiting is quick, and everything is done after the next start', async () => {
  await using server = await Server.start();
  const hard = numbers.semiprimes(2_000, 20);
  const requests = await submitAll(
    server,
    hard.map(({ number }) => number),
  );
  const beganMs = performance.now();
  assert.equal((await server.end('SIGTERM')).code, 0);
  assert.ok(performance.now() - beganMs < STOP_MS_MAX);
  await server.start();
  await ended(server, requests.at(-1)!.request_id);
  await ended(server, requests.at(-2)!.request_id);
  const answers = new Map(
    (await listAll(server, { limit: '500' })).map((request) => [request.request_id, request]),
  );
  for (const [i, { request_id }] of requests.entries()) {
    const answer = answers.get(request_id)!;
    assertFactored(answer.status === 'done' ? answer : await ended(server, request_id), hard[i]!);
  }
});

test('stopping is quick although clients hold connections open and send nothing', async () => {
  await using server = await Server.start();
  const { request_id } = await submit(server, 91n);
  await look(server, request_id);
  const beganMs = performance.now();
  assert.equal((await server.end('SIGTERM')).code, 0);
  assert.ok(performance.now() - beganMs < STOP_MS_MAX);
});

/** For people: a sentence, and no stack. */
function assertClear(stderr: string, word: RegExp): void {
  assert.match(stderr, word);
  assert.doesNotMatch(stderr, /^\s+at /m);
}

test('a second process over the same folder is refused with a clear word, and the first goes on', async () => {
  await using server = await Server.start();
  const env = { FAIRSIEVE_DATA_DIR: server.dataDir, FAIRSIEVE_PORT: '0' };
  const second = await runProgram(['serve'], env);
  assert.ok(second.code !== null && second.code > 0, `it ended with ${second.code}`);
  assertClear(second.stderr, /another process is using it/);
  assert.ok(second.stderr.includes(server.dataDir));
  await ended(server, (await submit(server, 91n)).request_id);
});

test('a port that is in use is named', async () => {
  await using server = await Server.start();
  await using other = await Server.start();
  await other.end('SIGTERM');
  const env = { FAIRSIEVE_DATA_DIR: other.dataDir, FAIRSIEVE_PORT: String(server.port) };
  const refused = await runProgram(['serve'], env);
  assert.ok(refused.code !== null && refused.code > 0, `it ended with ${refused.code}`);
  assertClear(refused.stderr, new RegExp(`${server.port}`));
  assert.match(refused.stderr, /in use/i);
});

test('all mistakes in the settings are told at once', async () => {
  const { code, stderr } = await runProgram(['serve'], {
    FAIRSIEVE_PORT: 'eighty',
    FAIRSIEVE_WORKERS: '0',
    FAIRSIEVE_WORKER: '2',
    FAIRSIEVE_RETENTION: 'long',
  });
  assert.ok(code !== null && code > 0, `it ended with ${code}`);
  assertClear(stderr, /FAIRSIEVE_PORT must be a whole number from 0 to 65535: it is "eighty"/);
  assert.match(stderr, /FAIRSIEVE_WORKERS must be/);
  assert.match(stderr, /FAIRSIEVE_RETENTION must be/);
  assert.match(stderr, /FAIRSIEVE_WORKER is not a setting: did you mean FAIRSIEVE_WORKERS\?/);
});
