import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '../client/client.ts';
import { runCli, startCli } from './spawned-cli.ts';

test('serve, submit, result and the client work together, and SIGTERM ends the service in order', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'fairsieve-cli-'));
  const env = { FAIRSIEVE_PORT: '0', FAIRSIEVE_DATA_DIR: dataDir, FAIRSIEVE_LOG_LEVEL: 'error' };
  const { child, ended } = startCli(['serve'], env);
  const [line]: Buffer[] = await once(child.stdout, 'data');
  const url = /http:\S+/.exec(String(line))?.[0] ?? '';

  const submitted = await runCli(['submit', '--url', url, '--wait', '2^128+1', '3^4*1000003', '1']);
  assert.deepEqual(submitted.stdout.replaceAll('[probable]', '').split('\n'), [
    '340282366920938463463374607431768211457: 59649589127497217 5704689200685129054721',
    '81000243: 3 3 3 3 1000003',
    '1:',
    '',
  ]);
  assert.deepEqual([submitted.code, submitted.stderr], [0, '']);

  const ids = await runCli(['submit', '--url', url, '-'], '10^15+37\n10^15+91\n');
  const results = await runCli(['result', '--wait', '-'], ids.stdout, { FAIRSIEVE_URL: url });
  assert.equal(results.stdout.match(/^\S+ {2}done\n/gm)?.length, 2);
  assert.match(results.stdout, /finished: done, computed/);
  assert.equal(results.code, 0);

  const client = createClient({ url, callerId: 'Zoë' });
  const numbers = Array.from({ length: 12_000 }, (_, i) => i + 1);
  const accepted = await client.submit(numbers);
  assert.deepEqual(
    accepted.map(({ number }) => Number(number)),
    numbers,
  );
  const { factors } = await client.factor(10n ** 40n + 7n);
  assert.ok(factors.length > 0);
  const last = accepted.at(-1)?.request_id ?? '';
  const states = await Array.fromAsync(client.events(last), ({ status }) => status);
  assert.equal(states.at(-1), 'done');
  const seen = new Set<string>();
  for await (const { request_id: id, caller_id: caller } of client.list({
    callerId: 'Zoë',
    status: 'done',
  })) {
    assert.equal(caller, 'Zoë');
    seen.add(id);
    if (seen.size === 200) break;
  }
  assert.equal(seen.size, 200);
  await assert.rejects(client.cancel(last), { name: 'ProblemError', code: 'already_ended' });
  await assert.rejects(client.resume('nope'), { name: 'ProblemError', code: 'request_not_found' });

  child.kill('SIGTERM');
  assert.equal((await ended).code, 0);
  await rm(dataDir, { recursive: true });
});

test('settings that cannot be used exit 2 and are all named', async () => {
  const env = { FAIRSIEVE_PORT: 'http', FAIRSIEVE_WORKER: '2' };
  const { code, stderr } = await runCli(['serve'], '', env);
  assert.match(stderr, /FAIRSIEVE_PORT must be/);
  assert.match(stderr, /FAIRSIEVE_WORKER is not a setting: did you mean FAIRSIEVE_WORKERS\?/);
  assert.equal(code, 2);
});

test('a data folder that cannot be made ends the start with the reason', async (t) => {
  if (process.platform !== 'linux') {
    t.skip('/proc is of Linux');
    return;
  }
  const { code, stderr } = await runCli(['serve'], '', { FAIRSIEVE_DATA_DIR: '/proc/fairsieve' });
  assert.match(stderr, /^fairsieve: Cannot make the data folder \/proc\/fairsieve: ENOENT/);
  assert.equal(code, 1);
});
