import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accept,
  DONE_15,
  hang,
  json,
  refuse,
  requestBody,
  scriptedServer,
  type Step,
} from '../client/scripted-server.ts';
import { runCli, startCli } from './spawned-cli.ts';

/** Accepts submissions; every request is done as 15 is, except those of 21, which fail, and those of 77, which never end. */
const service: Step = (response, seen) => {
  if (seen.method === 'POST') accept(response, seen);
  else if (seen.path === '/requests/id-15') json(200, { ...DONE_15, request_id: 'id-15' })(response, seen);
  else if (seen.path === '/requests/id-21') json(200, failed)(response, seen);
  else if (seen.path === '/requests/id-77')
    json(200, requestBody({ request_id: 'id-77', number: '77', status: 'running' }))(response, seen);
  else refuse(404, 'request_not_found')(response, seen);
};
const failed = requestBody({
  request_id: 'id-21',
  number: '21',
  status: 'failed',
  error: { code: 'job_broke_workers', reason: 'three workers died' },
});

test('submit prints the ids in the order of the numbers, and sends the caller', async () => {
  await using server = await scriptedServer(service);
  const { code, stdout } = await runCli([
    'submit',
    '--url',
    server.url,
    '--caller',
    'acme',
    '3*5',
    '21',
    '0x4d',
  ]);
  assert.equal(stdout, 'id-15\nid-21\nid-77\n');
  assert.equal(code, 0);
  assert.equal(server.seen[0]?.headers['x-caller-id'], 'acme');
  assert.equal(server.seen.length, 1);
});

test('service and caller may come from the environment; standard input is read with -', async () => {
  await using server = await scriptedServer(service);
  const env = { FAIRSIEVE_URL: server.url, FAIRSIEVE_CALLER: 'from-env' };
  const { code, stdout, stderr } = await runCli(['submit', '--json', '-'], '15\nx\n21\n', env);
  assert.equal(
    stdout,
    '{"request_id":"id-15","number":"15","status":"queued"}\n{"request_id":"id-21","number":"21","status":"queued"}\n',
  );
  assert.match(stderr, /line 2: .*"x"/);
  assert.equal(code, 1);
  assert.equal(server.seen[0]?.headers['x-caller-id'], 'from-env');
});

test('submit --wait prints factors; what failed is named and makes the exit code 1', async () => {
  await using server = await scriptedServer(service);
  const { code, stdout, stderr } = await runCli(['submit', '--url', server.url, '--wait', '15', '21', '15']);
  assert.equal(stdout, '15: 3 5\n15: 3 5\n');
  assert.equal(stderr, 'fairsieve: 21 is failed: three workers died (request id-21)\n');
  assert.equal(code, 1);
});

test('an interrupted submit --wait says which requests go on', async () => {
  await using server = await scriptedServer(service);
  const { child, ended } = startCli(['submit', '--url', server.url, '--wait', '77']);
  while (server.seen.length < 2) await new Promise((resolve) => void setTimeout(resolve, 20));
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.match(stderr, /go on at the service: id-77\n$/);
  assert.equal(code, 130);
});

test('result shows a request with its timeline; an unknown id costs only itself', async () => {
  await using server = await scriptedServer(service);
  const { code, stdout, stderr } = await runCli(['result', '--url', server.url, 'id-15', 'nope', 'id-21']);
  assert.match(stdout, /^id-15 {2}done\n {2}caller +acme \(queued\)\n {2}number +15\n {2}factors +3 5\n/);
  assert.match(stdout, /2026-01-01T00:00:00\.000Z {2}accepted\n/);
  assert.match(stdout, /^id-21 {2}failed\n[^]*reason +three workers died \(job_broke_workers\)/m);
  assert.match(stderr, /request_not_found/);
  assert.equal(code, 1);
});

test('result --json gives what the service gave, a line each, for ids from standard input', async () => {
  await using server = await scriptedServer(service);
  const { code, stdout } = await runCli(['result', '--json', '--wait', '-'], 'id-15\n', {
    FAIRSIEVE_URL: server.url,
  });
  assert.deepEqual(JSON.parse(stdout), { ...DONE_15, request_id: 'id-15' });
  assert.equal(code, 0);
});

test('a service that cannot be reached exits 3 when patience has run out', async () => {
  const server = await scriptedServer(hang);
  await server.stop();
  const { code, stderr } = await runCli(['submit', '--url', server.url, '--patience', '5', '15']);
  assert.match(stderr, /is not available: .*ECONNREFUSED/);
  assert.equal(code, 3);
});

test('a refusal for good exits 1 and says why', async () => {
  await using server = await scriptedServer(refuse(422, 'number_out_of_range'));
  const { code, stderr } = await runCli(['submit', '--url', server.url, '15']);
  assert.match(stderr, /because of number_out_of_range/);
  assert.equal(code, 1);
});
