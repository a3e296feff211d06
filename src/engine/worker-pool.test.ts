import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';
import { FAULTS } from './faulty-worker.ts';

const module = await loadKernelModule();
const kernel = createKernel(module);
const REFERENCE = 100000000000000000050700000000000000004563n;

function open(options: Partial<WorkerPoolOptions> = {}): WorkerPool {
  const engine = new WorkerPool({
    workers: 1,
    workerUrl: new URL('./faulty-worker.ts', import.meta.url),
    module,
    hangMs: 10_000,
    heapMiB: 64,
    onBroken: () => undefined,
    onUnstartable: assert.fail,
    ...options,
  });
  return engine;
}

function newMemory(n: bigint): WebAssembly.Memory {
  const pages = kernel.memoryPages(n);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

test('a batch comes back in order, with factors and CPU time of each number', async () => {
  await using engine = open();
  const outcome = await engine.batch([12n, 1n, 97n]);
  assert.equal(outcome.kind, 'done');
  const results = outcome.kind === 'done' ? outcome.results : [];
  assert.deepEqual(
    results.map(({ factors }) => factors.map(({ prime, exponent }) => [prime, exponent])),
    [
      [
        [2n, 2],
        [3n, 1],
      ],
      [],
      [[97n, 1]],
    ],
  );
  assert.ok(results.every(({ cpuMs }) => cpuMs >= 0));
});

test('a long batch of words and larger numbers in between comes back in order, and its CPU time is shared among them', async () => {
  await using engine = open();
  const large = (2n ** 31n - 1n) * (2n ** 61n - 1n);
  const hard = 1_000_000_007n * 1_000_000_009n;
  const numbers = Array.from({ length: 700 }, (_, i) => (i % 300 === 150 ? large : BigInt(2 * i + 1)));
  // Enough of them for the CPU time of the whole, which is counted in steps of some milliseconds, to be above 0.
  numbers.fill(hard, 400, 600);
  const outcome = await engine.batch(numbers);
  assert.ok(outcome.kind === 'done' && outcome.results.length === numbers.length);
  for (const [i, { factors }] of outcome.results.entries())
    assert.equal(
      factors.reduce((product, { prime, exponent }) => product * prime ** BigInt(exponent), 1n),
      numbers[i],
    );
  const costs = outcome.results.map(({ cpuMs }) => cpuMs);
  assert.ok(costs.every((cpuMs) => cpuMs > 0));
  // A group in whose time the machine did something else costs more than it should.
  const least = Math.min(...costs.filter((_, i) => i < 400 && i % 300 !== 150));
  assert.ok(costs[500]! > 5 * least, `a semiprime took ${costs[500]} ms, a small word ${least} ms`);
});

test('a word that breaks its thread is named, wherever in a long batch it stands', async () => {
  await using engine = open();
  const numbers = Array.from({ length: 400 }, (_, i) => (i === 333 ? FAULTS.lies : BigInt(i + 1)));
  const outcome = await engine.batch(numbers);
  assert.deepEqual(outcome.kind === 'broke' && outcome.index, 333);
});

test('a job goes on from slice to slice, each on whichever thread, until it is finished', async () => {
  await using engine = open({ workers: 2 });
  const memory = newMemory(REFERENCE);
  let outcome = await engine.slice({ number: REFERENCE, memory, log: [], sliceMs: 5 });
  let slices = 1;
  while (outcome.kind === 'parked') {
    // Keeps one thread busy now and then, so that the job moves to the other.
    const other = slices % 2 ? engine.batch([FAULTS.throws + 1n]) : undefined;
    outcome = await engine.slice({ number: REFERENCE, memory, state: outcome.state, log: [], sliceMs: 5 });
    await other;
    slices++;
  }
  assert.equal(outcome.kind, 'finished');
  assert.ok(slices > 1, `a 42-digit number takes more than one slice of 5 ms: took ${slices}`);
  const primes = outcome.kind === 'finished' ? outcome.factors.map((f) => f.prime) : [];
  assert.deepEqual(primes, [100000000000000000039n, 1000000000000000000117n]);
});

test('a slice that is interrupted ends long before its time', async () => {
  await using engine = open();
  const n = (2n ** 127n - 1n) * (2n ** 89n - 1n) * (2n ** 107n - 1n) * 3n ** 5n;
  const slice = engine.slice({ number: n, memory: newMemory(n), log: [], sliceMs: 600_000 });
  engine.interrupt('all');
  assert.equal((await slice).kind, 'parked');
});

for (const [fault, number] of Object.entries(FAULTS)) {
  test(`a thread that ${fault} is replaced, the number is named, and work goes on`, async () => {
    await using engine = open({ hangMs: fault === 'hangs' ? 5_000 : 60_000 });
    await engine.ready();
    const first = engine.batch([15n, number, 21n]);
    const behind = engine.batch([35n]);
    const outcome = await first;
    assert.equal(outcome.kind, 'broke');
    assert.equal(outcome.kind === 'broke' && outcome.index, 1);
    assert.equal((await behind).kind, 'unstarted');
    // The second thread was needed to find out which of the three it was.
    assert.equal(engine.broken, 2);
    assert.equal((await engine.batch([35n])).kind, 'done');
  });
}
