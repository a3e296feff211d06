/** `npm run cluster`: the whole of it on this machine, from one command. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { startCluster } from '../scripts/servers/cluster.ts';
import { ask, assertFactored, ended, submit } from './support/api.ts';
import { NumberSource } from './support/number-source.ts';
import { until } from './support/until.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../scripts/cluster.ts');
const numbers = new NumberSource(4);

function start(t: TestContext, ...args: readonly string[]): ChildProcess {
  const script = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(async () => {
    // What it has started goes with it only if it is asked to stop.
    if (script.exitCode === null && script.signalCode === null && script.kill()) await once(script, 'exit');
  });
  return script;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(`one command starts a cluster, says where it is, and ${signal} stops all of it`, async (t) => {
    const script = start(t, '--replicas', '2');
    let said = '';
    script.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    const errors = text(script.stderr!);
    const exited = once(script, 'exit');
    const line = /^ready (http:\/\/127\.0\.0\.1:\d+)\n$/;
    const url = await until('it being ready', () => line.exec(said)?.[1], 90_000);
    const composite = numbers.semiprime(20);
    const { request_id } = await submit({ url }, composite.number);
    assertFactored(await ended({ url }, request_id), composite);
    script.kill(signal);
    assert.deepEqual(await exited, [0, null], await errors);
    assert.match(said, line, 'it says nothing else');
    await assert.rejects(ask({ url }, '/healthz'), TypeError);
  });

test('what cannot be meant is refused with what can', async (t) => {
  for (const args of [
    ['--replicas', '17'],
    ['--replicas', 'two'],
    ['--port', '0'],
    ['--replica', '2'],
  ]) {
    const script = start(t, ...args);
    const [said, errors, [code]] = await Promise.all([
      text(script.stdout!),
      text(script.stderr!),
      once(script, 'exit'),
    ]);
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
