/**
 * Fairness among callers as they meet it: who is served while others have much waiting. Counted in requests and in CPU
 * time that the service itself reports, never by the clock of the test.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import { assertFactored, ended, listAll, look, metric, submit, submitAll } from './support/api.ts';
import { NumberSource } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(4);
const WORKERS = 2;

/** How many of `requests` ended after `fromMs` and before `toMs`, by the clock of the service. */
function endedBetween(requests: readonly RequestBody[], fromMs: number, toMs: number): number {
  const times = requests.flatMap(({ finished_at }) => (finished_at === null ? [] : Date.parse(finished_at)));
  return times.filter((atMs) => atMs > fromMs && atMs < toMs).length;
}

/** Those of `caller` that ended while `others`, which have ended, were there. */
async function endedMeanwhile(
  server: Server,
  caller: string,
  others: readonly RequestBody[],
): Promise<RequestBody[]> {
  const fromMs = Math.min(...others.map(({ accepted_at }) => Date.parse(accepted_at)));
  const toMs = Math.max(...others.map(({ finished_at }) => Date.parse(finished_at!)));
  const own = await listAll(server, { caller_id: caller, limit: '500' });
  return own.filter(
    ({ finished_at }) =>
      finished_at !== null && Date.parse(finished_at) > fromMs && Date.parse(finished_at) <= toMs,
  );
}

function cpuMs(requests: readonly RequestBody[]): number {
  return requests.reduce((sum, request) => sum + request.cpu_ms, 0);
}

test('with 500 requests of another caller waiting, a small request passes nearly all of them', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: String(WORKERS) } });
  await submitAll(
    server,
    numbers.semiprimes(500, 50).map(({ number }) => number),
    'caller_1',
  );
  await until('every worker busy', async () => (await metric(server, 'fairsieve_workers_busy')) === WORKERS);
  const small: RequestBody[] = [];
  for (const hard of numbers.semiprimes(10, 18)) {
    const { request_id } = await submit(server, hard.number, 'caller_2');
    const request = await ended(server, request_id);
    assertFactored(request, hard);
    small.push(request);
  }
  const backlog = await listAll(server, { caller_id: 'caller_1', limit: '500' });
  assert.equal(backlog.length, 500);
  const waiting = backlog.filter(({ status }) => status === 'queued').length;
  assert.ok(waiting > 300, `caller_1 must still have much waiting for this to say anything: ${waiting}`);
  const passedBy = small.map(({ accepted_at, finished_at }) =>
    endedBetween(backlog, Date.parse(accepted_at), Date.parse(finished_at!)),
  );
  // Where the machine holds up the thread that writes one of them down, the workers go on.
  const [, mostButOne = 0] = passedBy.toSorted((a, b) => b - a);
  assert.ok(
    mostButOne <= WORKERS + 1,
    `requests of caller_1 that were served before each small request: ${passedBy.join(' ')}`,
  );
});

test('a caller with long work shares the CPU evenly with one who came much earlier', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  const hard = numbers.semiprimes(210, 43).map(({ number }) => number);
  await submitAll(server, hard.slice(0, 200), 'early');
  await until(
    'some of it done',
    async () => (await metric(server, 'fairsieve_requests_ended_total{status="done"}')) > 2,
  );
  const late = await submitAll(server, hard.slice(200), 'late');
  const lateDone = await Promise.all(late.map(({ request_id }) => ended(server, request_id)));
  const meanwhile = await endedMeanwhile(server, 'early', lateDone);
  const ratio = cpuMs(meanwhile) / cpuMs(lateDone);
  assert.ok(
    ratio > 0.6 && ratio < 1.5,
    `while both had work, the early caller got ${ratio} times the late one's CPU time`,
  );
});

test('a caller of weight 3 gets three times the CPU time', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1', FAIRSIEVE_WEIGHTS: 'gold=3' } });
  const hard = numbers.semiprimes(124, 43).map(({ number }) => number);
  await submitAll(server, hard.slice(0, 100), 'plain');
  const gold = await submitAll(server, hard.slice(100), 'gold');
  const goldDone = await Promise.all(gold.map(({ request_id }) => ended(server, request_id)));
  const plainDone = await endedMeanwhile(server, 'plain', goldDone);
  const ratio = cpuMs(goldDone) / cpuMs(plainDone);
  assert.ok(ratio > 2 && ratio < 4.5, `the caller of weight 3 got ${ratio} times the other's CPU time`);
});

test('the position of a waiting request falls to nothing, and never rises', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  const hard = numbers.semiprimes(700, 36);
  const requests = await submitAll(
    server,
    hard.map(({ number }) => number),
  );
  const { request_id } = requests.at(-1)!;
  const positions: number[] = [];
  await until(
    'its end',
    async () => {
      const request = await look(server, request_id);
      if (request.status === 'queued') positions.push(request.position!);
      return request.status === 'done' && request.position === null;
    },
    120_000,
  );
  assert.ok(positions[0]! <= 699 && new Set(positions).size > 5, `positions seen: ${positions.join(' ')}`);
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => b - a),
  );
});
