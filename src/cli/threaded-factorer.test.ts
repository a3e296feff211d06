import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { loadKernelModule } from '../kernel/load-kernel.ts';
import { ThreadedFactorer } from './threaded-factorer.ts';

const ignore = (): void => undefined;
/** 57 digits: a few seconds' work. */
const LONG = (10n ** 28n + 331n) * (3n * 10n ** 28n + 1n);

/** How many threads have been started. */
function countThreads(t: TestContext): () => number {
  let started = 0;
  const count = (): void => void started++;
  process.on('worker', count);
  t.after(() => process.off('worker', count));
  return () => started;
}

test('no thread is started before there is a number for it, and no second one for a small number', async (t) => {
  const started = countThreads(t);
  await using factorer = new ThreadedFactorer(16, { module: await loadKernelModule(), timeoutMs: Infinity });
  assert.equal(started(), 0);
  const factored = await factorer.factor(12n, ignore);
  assert.deepEqual(
    factored?.factorization.factors.map(({ prime }) => prime),
    [2n, 3n],
  );
  assert.equal(started(), 1);
});

test('long numbers get as many threads as there may be, and no more; none listens at standard output', async (t) => {
  const started = countThreads(t);
  // From the eleventh listener on, Node.js warns of a leak.
  const listeners = process.stdout.listenerCount('error');
  await using factorer = new ThreadedFactorer(3, { module: await loadKernelModule(), timeoutMs: Infinity });
  const answers = await Promise.all([LONG, LONG].map((number) => factorer.factor(number, ignore)));
  for (const answer of answers) assert.ok(answer?.factorization.complete);
  assert.equal(started(), 3);
  assert.equal(process.stdout.listenerCount('error'), listeners);
});

test('what is asked for after an interruption is answered by nothing', async (t) => {
  const started = countThreads(t);
  await using factorer = new ThreadedFactorer(2, { module: await loadKernelModule(), timeoutMs: Infinity });
  const before = factorer.factor(LONG, ignore);
  factorer.interrupt();
  assert.deepEqual(await Promise.all([before, factorer.factor(12n, ignore)]), [undefined, undefined]);
  assert.equal(started(), 0);
});
