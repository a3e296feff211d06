/** Threads that are kept between two calls of `factor`, and let go. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { factor } from './factor.ts';
import { takeTeamThread } from './team-thread-pool.ts';

/** 57 digits. */
const LONG = (10n ** 28n + 331n) * (3n * 10n ** 28n + 1n);
const KEEP_MS = 5_000;

test('a thread is kept for the next number, and ends when none comes', async (t) => {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker): void => void workers.push(worker);
  process.on('worker', onWorker);
  t.after(() => process.off('worker', onWorker));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const first = await factor(LONG, { threads: 2 });
  t.mock.timers.tick(KEEP_MS - 1);
  const second = await factor(LONG, { threads: 2 });
  assert.deepEqual(first, second);
  assert.equal(workers.length, 1);
  t.mock.timers.tick(KEEP_MS - 1);
  const ended = once(workers[0]!, 'exit');
  t.mock.timers.tick(1);
  await ended;
  await factor(LONG, { threads: 2 });
  assert.equal(workers.length, 2);
});

test('two numbers at once have a thread each', async (t) => {
  let started = 0;
  const count = (): void => void started++;
  process.on('worker', count);
  t.after(() => process.off('worker', count));
  const other = LONG * 3n;
  const [one, two] = await Promise.all([factor(LONG, { threads: 2 }), factor(other, { threads: 2 })]);
  assert.equal(one.number, LONG);
  assert.equal(two.factors.length, one.factors.length + 1);
  assert.ok(started >= 1, 'both had the one that was kept');
});

test('a thread that cannot be given its module is ended', async () => {
  const exited = once(process, 'worker').then(([worker]) => once(worker as Worker, 'exit'));
  // Functions cannot be cloned; a module cannot where memory is short.
  const module = (() => undefined) as unknown as WebAssembly.Module;
  assert.equal(await takeTeamThread(module, () => undefined), undefined);
  await exited;
});

test('a process ends by itself although it keeps a thread', async () => {
  // By standard input, since threads would not start with what `--eval` needs.
  const program = `
    let started = 0;
    process.on('worker', () => started++);
    import(${JSON.stringify(new URL('./factor.ts', import.meta.url).href)})
      .then(({ factor }) => factor(${LONG}n, { threads: 2 }))
      .then(() => process.stdout.write('threads: ' + started));`;
  const child = spawn(process.execPath, ['-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(program);
  const [told] = await once(child.stdout, 'data');
  const doneMs = performance.now();
  const [code] = await once(child, 'exit');
  assert.equal(String(told), 'threads: 1');
  assert.equal(code, 0);
  assert.ok(performance.now() - doneMs < KEEP_MS - 1_000, 'it waited for the thread');
});
