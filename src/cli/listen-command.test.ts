import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { signatureHeaders } from '../callbacks/signing.ts';
import { accept, requestBody, scriptedServer } from '../client/scripted-server.ts';
import { runCli, startCli, type Ended } from './spawned-cli.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

interface Listening {
  readonly url: string;
  readonly ended: Promise<Ended>;
  readonly stop: (signal: NodeJS.Signals) => void;
}

async function listen(
  t: TestContext,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Listening> {
  const { child, ended } = startCli(['listen', '--port', '0', ...args], env);
  t.after(() => child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += String(chunk);
      const found = /listening on (\S+\/)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(({ stderr }) => reject(new Error(`It ended: ${stderr}`)));
  });
  return { url, ended, stop: (signal) => child.kill(signal) };
}

function callbackBody(sequence = 1): string {
  const { timeline: _, ...body } = requestBody({
    request_id: `id-${sequence}`,
    status: 'done',
    number: '15',
    sequence,
    complete: true,
    factors: [
      { prime: '3', exponent: 1, certainty: 'proven' },
      { prime: '5', exponent: 1, certainty: 'proven' },
    ],
  });
  return JSON.stringify(body);
}

/** Calls back as the service does. */
function call(url: string, id: string, body: string, secret = SECRET, atMs = Date.now()): Promise<Response> {
  return fetch(url, { method: 'POST', headers: signatureHeaders({ id, body }, [secret], atMs), body });
}

test('what arrives is verified, answered and printed with its factors', async (t) => {
  const { url, ended } = await listen(t, ['--secret', SECRET, '--count', '2']);
  assert.equal((await call(`${url}hook`, 'id-1_1', callbackBody())).status, 204);
  const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
  assert.equal((await call(url, 'id-2_2', callbackBody(2), other)).status, 401);
  const { code, stdout } = await ended;
  const lines = stdout.split('\n');
  assert.match(lines[0] ?? '', /^20\S+Z {2}#1 {2}id-1 {2}done {2}signature good {2}answered 204$/);
  assert.equal(lines[1], '  15: 3 5');
  assert.match(lines[2] ?? '', /#2 .*signature BAD.*answered 401$/);
  assert.equal(code, 0);
});

test('a callback that is older than some minutes is as bad as one that was changed on the way', async (t) => {
  const { url, ended } = await listen(t, ['--secret', SECRET, '--json', '--count', '2']);
  const body = callbackBody();
  assert.equal((await call(url, 'a', body, SECRET, Date.now() - 600_000)).status, 401);
  const headers = signatureHeaders({ id: 'a', body }, [SECRET], Date.now());
  const changed = body.replace('"15"', '"21"');
  assert.equal((await fetch(url, { method: 'POST', headers, body: changed })).status, 401);
  for (const line of (await ended).stdout.trim().split('\n'))
    assert.equal((JSON.parse(line) as { verified: unknown }).verified, false);
});

test('--answer and --first let one see retries; attempts are counted for each callback', async (t) => {
  const args = ['--answer', '429', '--first', '2', '--retry-after', '7', '--json', '--count', '4'];
  const { url, ended } = await listen(t, ['--secret', SECRET, ...args]);
  const answers: [number, string | null][] = [];
  for (const id of ['a', 'a', 'a', 'b']) {
    const { status, headers } = await call(url, id, callbackBody());
    answers.push([status, headers.get('retry-after')]);
  }
  assert.deepEqual(answers, [
    [429, '7'],
    [429, '7'],
    [204, null],
    [429, '7'],
  ]);
  const printed = (await ended).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    printed.map(({ webhook_id, attempt, answered, verified }) => [webhook_id, attempt, answered, verified]),
    [
      ['a', 1, 429, true],
      ['a', 2, 429, true],
      ['a', 3, 204, true],
      ['b', 1, 429, true],
    ],
  );
  assert.deepEqual(printed[0]?.['body'], JSON.parse(callbackBody()));
});

test('without a secret nothing is verified, and that is said; whatever is posted can’t steer the terminal', async (t) => {
  const { url, ended } = await listen(t, ['--count', '1']);
  await fetch(url, { method: 'POST', body: '\u001b[2J\u0007nonsense' });
  const { stdout, stderr } = await ended;
  assert.match(stderr, /signatures are not checked/);
  assert.match(stdout, /signature not checked {2}answered 204\n {2}no callback of fairsieve: .*nonsense/);
  assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u0007'));
});

test('with --caller the secret is that of the server’s file, also after a rotation', async (t) => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'fairsieve-listen-'));
  t.after(() => fs.rm(folder, { recursive: true }));
  const file = path.join(folder, 'secrets.json');
  const masterKey = Buffer.alloc(32, 1).toString('base64');
  await fs.writeFile(file, JSON.stringify({ format: 1, masterKey, rotations: [] }), { mode: 0o600 });
  const args = ['--caller', 'acme', '--file', file];
  const secret = (await runCli(['secret', ...args])).stdout.trim();
  const { url, ended, stop } = await listen(t, args);
  assert.equal((await call(url, 'a', callbackBody(), secret)).status, 204);
  const rotated = (await runCli(['secret', '--rotate', ...args])).stdout.trim();
  assert.notEqual(rotated, secret);
  let status = 401;
  for (let i = 0; status === 401 && i < 50; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    ({ status } = await call(url, 'b', callbackBody(), rotated));
  }
  assert.equal(status, 204);
  assert.equal((await call(url, 'c', callbackBody(), secret)).status, 204);
  stop('SIGINT');
  assert.equal((await ended).code, 0);
});

test('mistakes are told before anything listens, and no secret is repeated', async () => {
  for (const [args, message] of [
    [['--secret', 'hush-hush'], /--secret must be whsec_/],
    [['--secret', SECRET, '--caller', 'acme'], /either --secret or --caller/],
    [['--answer', '100'], /--answer must be a whole number from 200 to 599/],
    [['here'], /takes options only/],
  ] as const) {
    const { code, stderr } = await runCli(['listen', '--port', '0', ...args]);
    assert.equal(code, 2);
    assert.match(stderr, message);
    assert.ok(!stderr.includes('hush-hush') && !stderr.includes(SECRET));
  }
});

test('async submits with the callback URL, and shows the API key it was given', async () => {
  await using server = await scriptedServer(accept);
  const callback = ['--callback-url', 'https://hooks.example.com/x'];
  const env = { FAIRSIEVE_API_KEY: 'fsk_of-acme', FAIRSIEVE_URL: server.url };
  const { code, stdout } = await runCli(['async', ...callback, '15', '21'], '', env);
  assert.equal(stdout, 'id-15\nid-21\n');
  assert.equal(code, 0);
  const [seen] = server.seen;
  assert.equal(seen?.path, '/async');
  assert.equal(seen?.headers.authorization, 'Bearer fsk_of-acme');
  assert.equal(seen?.headers['x-caller-id'], undefined, 'the key says who is asking');
  assert.equal((JSON.parse(seen?.body ?? '') as { callback_url: string }).callback_url, callback[1]);
  const without = await runCli(['async', '15'], '', env);
  assert.match(without.stderr, /--callback-url URL/);
  assert.equal(without.code, 2);
  const spaced = await runCli(['result', '--api-key', 'not a key', 'x'], '', env);
  assert.equal(spaced.code, 2);
  assert.ok(!spaced.stderr.includes('not a key'));
});
