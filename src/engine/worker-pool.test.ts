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
    await using engine = open({ hangMs: fault === 'hangs' ? 1_500 : 10_000 });
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
