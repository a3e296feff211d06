import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, scriptedServer } from '../client/scripted-server.ts';
import type { LoadResult } from '../loadgen/load-result.ts';
import { runCli, startCli, type SpawnedCli } from './spawned-cli.ts';

/** As little as shows anything. */
const SHORT = ['--duration', '1s', '--rate', '20', '--digits', '18', '--callers', '3'];

/** Where a load puts the folder of its own server, so that a test can see what is left of it. */
function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-load-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));
  return folder;
}

/** The folders of servers in it; Node.js keeps a cache of its own there. */
function serverFolders(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('fairsieve-load-'));
}

/** Resolves to what standard error has said once it matches. */
async function said(cli: SpawnedCli, pattern: RegExp): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  let text = '';
  cli.child.stderr.on('data', (chunk: Buffer) => {
    text += String(chunk);
    const match = pattern.exec(text);
    if (match) resolve(match);
  });
  void cli.ended.then(() => reject(new Error(`It ended without saying ${pattern}: ${text}`)));
  return promise;
}

async function isGone(url: string): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (
      !(await fetch(`${url}/healthz`).then(
        (answer) => answer.body?.cancel().then(() => true),
        () => false,
      ))
    )
      return true;
    await sleep(100);
  }
  return false;
}

test('a load of its own server is answered in full, checked and verified, reported in three forms, and leaves nothing behind', async (t) => {
  const folder = temporaryFolder(t);
  const files = { json: path.join(folder, 'load.json'), html: path.join(folder, 'load.html') };
  const { code, stdout, stderr } = await runCli(
    ['load', ...SHORT, '--seed', '7', '--json', files.json, '--html', files.html, '--assert', 'lag.max<60s'],
    '',
    { TMPDIR: folder },
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(
    stdout,
    /^mixed · 20\/s \(open, poisson\) for 1 s · 3 callers \(uniform\) · 18 digits\n.*seed 7\n/,
  );
  assert.match(stdout, /\n✓ lag\.max<60s: .*\nPASSED\n$/);
  const result = JSON.parse(readFileSync(files.json, 'utf8')) as LoadResult;
  assert.ok(result.sent > 0);
  assert.deepEqual(
    [result.accepted, result.done, result.wrong, result.lost],
    [result.sent, result.sent, 0, 0],
  );
  const { promised = 0, received, missing, badlySigned, unverified } = result.callbacks ?? {};
  assert.ok(promised > 0);
  assert.deepEqual([received, missing, badlySigned, unverified], [promised, 0, 0, 0]);
  assert.match(
    readFileSync(files.html, 'utf8'),
    /^<!doctype html>[^]*<h1 class="good">Passed<\/h1>[^]*<\/html>\n$/,
  );
  const url = /a server of its own on (\S+)/.exec(stderr)?.[1] ?? '';
  assert.ok(await isGone(url));
  assert.deepEqual(serverFolders(folder), []);
});

test('an assertion that does not hold exits 1 and says what was measured', async () => {
  const args = ['load', ...SHORT, '--mode', 'sync', '--assert', 'sync.max<1us', '--assert', 'values.p50<1s'];
  const { code, stdout } = await runCli(args);
  assert.match(
    stdout,
    /\n✗ sync\.max<1us: it is not: [\d,.]+ ms\n✗ values\.p50<1s: .*nothing was measured\nFAILED\n$/,
  );
  assert.equal(code, 1);
});

test('a wrong answer is the first line of the report and exits 1', async () => {
  await using server = await scriptedServer((response, seen) => {
    const number = /\d+/.exec(seen.body)?.[0] ?? '1';
    const body = {
      request_id: 'x',
      // `GET /healthz` finds fairsieve by it.
      status: seen.body === '' ? 'ok' : 'done',
      caller_id: 'load-1',
      number,
      complete: true,
      cpu_ms: 1,
      prime_factors: ['3', '5'],
    };
    json(200, body)(response, seen);
  });
  const { code, stdout, stderr } = await runCli(['load', ...SHORT, '--mode', 'sync', '--url', server.url]);
  assert.match(stdout, /^━+\n {2}\d+ WRONG ANSWERS\n/, stderr);
  assert.match(stdout, /FAILED\n$/);
  assert.equal(code, 1);
});

test('Ctrl-C ends a load with the report of what was so far, and leaves neither process nor folder', async (t) => {
  const folder = temporaryFolder(t);
  const cli = startCli(['load', '--duration', '10m', '--rate', '5', '--digits', '18'], { TMPDIR: folder });
  const [, url = ''] = await said(cli, /a server of its own on (\S+)/);
  await said(cli, /\d+ s of 10 min/);
  cli.child.kill('SIGINT');
  const { code, stdout } = await cli.ended;
  assert.match(stdout, /^mixed · .* of 10 min · [^]*\n! Interrupted after [^]*\nINTERRUPTED\n$/);
  assert.equal(code, 130);
  assert.ok(await isGone(url));
  assert.deepEqual(serverFolders(folder), []);
});

test('Ctrl-C before the server listens leaves nothing either', async (t) => {
  const folder = temporaryFolder(t);
  const cli = startCli(['load'], { TMPDIR: folder });
  while (serverFolders(folder).length === 0) await sleep(10);
  cli.child.kill('SIGINT');
  assert.equal((await cli.ended).code, 130);
  assert.deepEqual(serverFolders(folder), []);
});

test('Ctrl-C ends a load that is still asking for the service', async () => {
  const asked = Promise.withResolvers<void>();
  await using silent = await scriptedServer(() => asked.resolve());
  const cli = startCli(['load', '--mode', 'sync', '--url', silent.url]);
  await asked.promise;
  cli.child.kill('SIGINT');
  const { code, stdout } = await cli.ended;
  assert.deepEqual([code, stdout], [130, '']);
});

test('a load that is killed takes its server with it', async (t) => {
  const folder = temporaryFolder(t);
  const cli = startCli(['load', '--duration', '10m', '--rate', '1'], { TMPDIR: folder });
  const [, url = ''] = await said(cli, /a server of its own on (\S+)/);
  cli.child.kill('SIGKILL');
  assert.ok(await isGone(url));
});

test('a service that is not there, or may not call back, exits 3 before any load, and is told what to do', async (t) => {
  const absent = await runCli(['load', '--mode', 'sync', '--url', 'http://127.0.0.1:9']);
  assert.match(absent.stderr, /Cannot load http:\/\/127\.0\.0\.1:9: .*connection refused/);
  assert.deepEqual([absent.code, absent.stdout], [3, '']);

  const dataDir = temporaryFolder(t);
  const server = startCli(['serve'], {
    FAIRSIEVE_PORT: '0',
    FAIRSIEVE_DATA_DIR: dataDir,
    FAIRSIEVE_LOG_LEVEL: 'error',
  });
  t.after(() => server.child.kill('SIGKILL'));
  const [line]: Buffer[] = await once(server.child.stdout, 'data');
  const url = /http:\S+/.exec(String(line))?.[0] ?? '';
  const refused = await runCli(['load', ...SHORT, '--url', url]);
  assert.match(
    refused.stderr,
    /does not take http:\/\/127\.0\.0\.1:\d+\/\S+ for a callback URL: 422 callback_url_invalid: Cannot accept [^{}]*\n/,
  );
  assert.match(refused.stderr, /FAIRSIEVE_CALLBACK_ALLOW=127\.0\.0\.0\/8/);
  assert.match(refused.stderr, /--callback-url/);
  assert.deepEqual([refused.code, refused.stdout], [3, '']);

  const taken = await runCli(['load', '--url', url, '--listen', new URL(url).host]);
  assert.match(taken.stderr, /Cannot receive callbacks on 127\.0\.0\.1, port \d+: .*EADDRINUSE/);
  assert.doesNotMatch(taken.stderr, /CALLBACK_ALLOW/, 'which is of no help there');
  assert.equal(taken.code, 3);

  server.child.kill('SIGTERM');
  await server.ended;
});

test('mistakes are told before anything is started', async (t) => {
  const folder = temporaryFolder(t);
  for (const [args, message] of [
    [['--rate', 'fast'], /--rate must be .*"fast"/],
    [['--assert', 'sync.p99'], /--assert "sync\.p99": /],
    [['--json', path.join(folder, 'no/such/folder.json')], /Cannot write ".*folder\.json": /],
    [['--json', 'report', '--html', './report'], /--json and --html must name two files/],
    [['--html', folder], /Cannot write .*it is a folder/],
    [['--dration', '1'], /no option --dration: did you mean --duration\?/],
  ] as const) {
    const { code, stdout, stderr } = await runCli(['load', ...args], '', { TMPDIR: folder });
    assert.match(stderr, message);
    assert.deepEqual([code, stdout], [2, '']);
  }
  assert.deepEqual(serverFolders(folder), []);
});
