import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerProcess } from './server-process.ts';

/** A server that does `first`, and says that it is ready. */
function server(first: string): ServerProcess {
  return new ServerProcess({
    name: 'probe',
    url: 'http://127.0.0.1:1234',
    program: process.execPath,
    args: ['--eval', `setInterval(() => undefined, 1_000); ${first} console.log('ready');`],
    isReady: (output) => output.includes('ready'),
  });
}

test('it is ready when it says so, ends when it is told to, and can be started again', async () => {
  await using probe = server('');
  assert.equal(probe.isRunning, false);
  await probe.start();
  const { pid } = probe;
  assert.deepEqual(await probe.stop(), { code: null, signal: 'SIGTERM' });
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  await probe.start();
  assert.notEqual(probe.pid, pid);
  assert.deepEqual(await probe.kill(), { code: null, signal: 'SIGKILL' });
  assert.equal(probe.isRunning, false);
  assert.equal(probe.port, 1234);
});

test('one that is paused can be stopped', async () => {
  await using probe = server(`process.on('SIGTERM', () => process.exit(0));`);
  await probe.start();
  probe.pause();
  assert.deepEqual(await probe.stop(), { code: 0, signal: null });
});

test('one that ends at its start is told of with what it said', async () => {
  await using probe = new ServerProcess({
    name: 'probe',
    url: 'http://127.0.0.1:1234',
    program: process.execPath,
    args: ['--eval', `throw new Error('port in use')`],
    isReady: () => false,
  });
  await assert.rejects(probe.start(), /probe ended at its start:[^]*port in use/);
  assert.equal((await probe.ended).code, 1);
});

test('a program that is not there is told of', async () => {
  await using probe = new ServerProcess({
    name: 'probe',
    url: 'http://127.0.0.1:1234',
    program: '/nowhere/probe',
    args: [],
    isReady: () => false,
  });
  await assert.rejects(probe.start(), /probe ended at its start:[^]*ENOENT/);
});
