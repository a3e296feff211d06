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
  for (const { accepted_at, finished_at } of small) {
    const passedBy = endedBetween(backlog, Date.parse(accepted_at), Date.parse(finished_at!));
    assert.ok(
      passedBy <= WORKERS + 1,
      `${passedBy} requests of caller_1 were served before one small request`,
    );
  }
});

test('a caller with long work shares the CPU evenly with one who came much earlier', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  const hard = numbers.semiprimes(50, 43).map(({ number }) => number);
  await submitAll(server, hard.slice(0, 40), 'early');
  await until(
    'some of it done',
    async () => (await metric(server, 'fairsieve_requests_ended_total{status="done"}')) > 2,
  );
  const late = await submitAll(server, hard.slice(40), 'late');
  const lateDone = await Promise.all(late.map(({ request_id }) => ended(server, request_id)));
  const fromMs = Math.min(...lateDone.map(({ accepted_at }) => Date.parse(accepted_at)));
  const toMs = Math.max(...lateDone.map(({ finished_at }) => Date.parse(finished_at!)));
  const early = await listAll(server, { caller_id: 'early', limit: '500' });
  const meanwhile = early.filter(
    ({ finished_at }) =>
      finished_at !== null && Date.parse(finished_at) > fromMs && Date.parse(finished_at) <= toMs,
  );
  const ratio = cpuMs(meanwhile) / cpuMs(lateDone);
  assert.ok(
    ratio > 0.6 && ratio < 1.5,
    `while both had work, the early caller got ${ratio} times the late one's CPU time`,
  );
});

test('a caller of weight 3 gets three times the CPU time', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1', FAIRSIEVE_WEIGHTS: 'gold=3' } });
  const hard = numbers.semiprimes(48, 43).map(({ number }) => number);
  await submitAll(server, hard.slice(0, 24), 'plain');
  const gold = await submitAll(server, hard.slice(24), 'gold');
  const goldDone = await Promise.all(gold.map(({ request_id }) => ended(server, request_id)));
  const toMs = Math.max(...goldDone.map(({ finished_at }) => Date.parse(finished_at!)));
  const plain = await listAll(server, { caller_id: 'plain', limit: '500' });
  const plainDone = plain.filter(
    ({ finished_at }) => finished_at !== null && Date.parse(finished_at) <= toMs,
  );
  const ratio = cpuMs(goldDone) / cpuMs(plainDone);
  assert.ok(ratio > 2 && ratio < 4.5, `the caller of weight 3 got ${ratio} times the other's CPU time`);
});

test('the position of a waiting request falls to nothing, and never rises', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  const hard = numbers.semiprimes(700, 32);
  const requests = await submitAll(
    server,
    hard.map(({ number }) => number),
  );
  const { request_id } = requests.at(-1)!;
  const positions: number[] = [];
  await until('its end', async () => {
    const request = await look(server, request_id);
    if (request.status === 'queued') positions.push(request.position!);
    return request.status === 'done' && request.position === null;
  });
  assert.ok(positions[0]! <= 699 && new Set(positions).size > 5, `positions seen: ${positions.join(' ')}`);
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => b - a),
  );
});
