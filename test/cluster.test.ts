/** `npm run cluster`: the whole of it on this machine, from one command. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { startCluster } from '../scripts/servers/cluster.ts';
import { ask, assertFactored, ended, submit } from './support/api.ts';
import { NumberSource } from './support/number-source.ts';
import { until } from './support/until.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../scripts/cluster.ts');
const numbers = new NumberSource(4);

function start(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const script = spawn(process.execPath, [SCRIPT, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  t.after(async () => {
    if (script.exitCode === null && script.signalCode === null && script.kill()) await once(script, 'exit');
  });
  return script;
}

/** Where it says that it is, when it is ready; `said` tells all that it has said. */
async function ready(script: ChildProcess) {
  let said = '';
  script.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const url = await until('it being ready', () => /^ready (\S+)\n/.exec(said)?.[1], 90_000);
  return { url, said: () => said };
}

/** How it ends, and with what words. */
async function endOf(script: ChildProcess) {
  const [said, errors, [code]] = await Promise.all([
    text(script.stdout!),
    text(script.stderr!),
    once(script, 'exit', { signal: AbortSignal.timeout(90_000) }),
  ]);
  return { said, errors, code };
}

/** A folder that goes with the test. */
function folderFor(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-cluster-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(`one command starts a cluster, says where it is, and ${signal} stops all of it`, async (t) => {
    const script = start(t, ['--replicas', '2']);
    const errors = text(script.stderr!);
    const exited = once(script, 'exit');
    const { url, said } = await ready(script);
    const composite = numbers.semiprime(20);
    const { request_id } = await submit({ url }, composite.number);
    assertFactored(await ended({ url }, request_id), composite);
    script.kill(signal);
    assert.deepEqual(await exited, [0, null], await errors);
    assert.match(said(), /^ready http:\/\/127\.0\.0\.1:\d+\n$/, 'it says nothing else');
    assert.match(await errors, /^replica-1 http:\/\/127\.0\.0\.1:\d+\nreplica-2 http:/);
    await assert.rejects(ask({ url }, '/healthz'), TypeError);
  });

test('what cannot be meant is refused with what can', async (t) => {
  for (const args of [
    ['--replicas', '17'],
    ['--replicas', 'two'],
    ['--port', '0'],
    ['--replica', '2'],
  ]) {
    const { said, errors, code } = await endOf(start(t, args));
    assert.deepEqual([said, code], ['', 2], args.join(' '));
    assert.match(errors, /from 1 to |Unknown option/);
    assert.match(errors, /npm run cluster -- \[--replicas N\]/);
  }
});

test('a replica that is killed is passed over and comes back; one more gets its share; all end in order', async () => {
  await using cluster = await startCluster({
    replicas: 2,
    env: { FAIRSIEVE_WORKERS: '1', FAIRSIEVE_LEASE_MS: '2000' },
  });
  const [first] = cluster.replicas;
  await first?.kill();
  for (let i = 0; i < 20; i++) await submit(cluster, numbers.semiprime(20).number);
  await first?.start();
  const third = await cluster.add();
  assert.equal((await ask(third, '/readyz')).status, 200);
  await until('all three answering', async () => {
    const replies = await Promise.all(Array.from({ length: 12 }, () => ask(cluster, '/healthz')));
    return new Set(replies.map(({ headers }) => headers.get('served-by'))).size === 3;
  });
  await cluster.stop();
  for (const server of [...cluster.replicas, cluster.haproxy, cluster.nats, cluster.redis])
    assert.equal(server?.isRunning, false);
});

test('it says what it takes when it is asked', async (t) => {
  const { said, errors, code } = await endOf(start(t, ['--help']));
  assert.match(said, /npm run cluster -- \[--replicas N\][^]*--data FOLDER/);
  assert.deepEqual([errors, code], ['', 0]);
});

test('a folder and a port belong to one cluster, and what is kept there to its owner alone', async (t) => {
  const folder = path.join(folderFor(t), 'data');
  const first = start(t, ['--replicas', '1', '--data', folder]);
  const { url } = await ready(first);
  const { port } = new URL(url);
  const composite = numbers.semiprime(20);
  const { request_id } = await submit({ url }, composite.number);

  const sameFolder = await endOf(start(t, ['--replicas', '1', '--data', folder]));
  assert.deepEqual([sameFolder.said, sameFolder.code], ['', 1]);
  assert.equal(sameFolder.errors, `Cannot use the data folder ${folder}: another cluster is using it\n`);
  const samePort = await endOf(start(t, ['--replicas', '1', '--port', port]));
  assert.deepEqual([samePort.said, samePort.code], ['', 1]);
  assert.equal(samePort.errors, `Cannot listen on 127.0.0.1:${port}: the port is in use\n`);

  assert.equal(statSync(folder).mode & 0o077, 0);
  for (const name of readdirSync(path.join(folder, 'redis'), { recursive: true, encoding: 'utf8' }))
    assert.equal(statSync(path.join(folder, 'redis', name)).mode & 0o077, 0, name);

  first.kill();
  await once(first, 'exit');
  const again = await ready(start(t, ['--replicas', '1', '--data', folder, '--port', port]));
  assert.equal(again.url, url);
  assertFactored(await ended({ url }, request_id), composite);
});

test('nothing of it is left when it is killed', async (t) => {
  const temporary = folderFor(t);
  const script = start(t, ['--replicas', '1'], { TMPDIR: temporary });
  const { url } = await ready(script);
  const left = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('fairsieve-'));
  assert.equal(left().length, 1);
  script.kill('SIGKILL');
  await until('the balancer having ended', async () =>
    ask({ url }, '/healthz').then(
      () => false,
      () => true,
    ),
  );
  await until('its temporary folder being gone', () => left().length === 0);
});
