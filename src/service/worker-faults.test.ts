/** Threads that throw, hang, exhaust their memory or answer wrongly, as the callers of a replica meet them: one number fails, the others go on. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { FAULTS } from '../engine/faulty-worker.ts';
import { WorkerPool } from '../engine/worker-pool.ts';
import { estimateCpuMs } from '../kernel/estimate.ts';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { Replica } from './replica.ts';
import type { RequestView } from './service.ts';

const WAIT_MS_MAX = 120_000;
const BREAKS = 3;
const module = await loadKernelModule();
const kernel = createKernel(module);

interface Opened extends AsyncDisposable {
  readonly replica: Replica;
  /** Why each thread was replaced. */
  readonly broken: readonly string[];
}

async function open(): Promise<Opened> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-faults-'));
  const broken: string[] = [];
  const replica = new Replica({
    store: await openSqliteStore({ dataDir }),
    engine: new WorkerPool({
      workers: 2,
      workerUrl: new URL('../engine/faulty-worker.ts', import.meta.url),
      module,
      hangMs: 2_000,
      heapMiB: 64,
      onBroken: (reason) => broken.push(reason),
      onUnstartable: assert.fail,
    }),
    kernel,
    expectedCpuMs: estimateCpuMs,
    clock: systemClock,
    jobCpuMsMax: 60_000,
    parkedBytesMax: 2 ** 28,
    storeBytesMax: 2 ** 30,
    retentionMs: 3_600_000,
    weights: new Map(),
    onFatal: (error) => {
      throw error;
    },
  });
  await replica.start();
  const close = async (): Promise<void> => {
    await replica[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  };
  return { replica, broken, [Symbol.asyncDispose]: close };
}

async function submit(replica: Replica, callerId: string, numbers: readonly bigint[]): Promise<string[]> {
  const accepted = await replica.accept({ callerId, mode: 'queued', numbers });
  assert(accepted.kind === 'accepted', accepted.kind);
  return accepted.requests.map(({ requestId }) => requestId);
}

async function ended(replica: Replica, requestId: string): Promise<RequestView> {
  const view = await replica.wait(requestId, WAIT_MS_MAX, new AbortController().signal);
  assert(view?.finishedAtMs !== undefined, `request ${requestId} has not ended: ${view?.status}`);
  return view;
}

for (const [fault, number] of Object.entries(FAULTS)) {
  test(`a number at which a thread ${fault} fails with a reason, and all others are done`, async () => {
    await using opened = await open();
    const { replica, broken } = opened;
    const others = Array.from({ length: 200 }, (_, i) => BigInt(i + 2));
    const before = await submit(replica, 'innocent', others.slice(0, 100));
    const [guilty = ''] = await submit(replica, 'guilty', [number]);
    const after = await submit(replica, 'innocent', others.slice(100));

    const failed = await ended(replica, guilty);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error?.code, 'job_broke_workers');
    assert.match(failed.error.reason, /3 times/);
    assert.deepEqual(failed.factors, []);
    assert.equal(broken.length, BREAKS);

    for (const [i, id] of [...before, ...after].entries()) {
      const view = await ended(replica, id);
      assert.equal(view.status, 'done');
      const product = view.factors.reduce((n, { prime, exponent }) => n * prime ** BigInt(exponent), 1n);
      assert.equal(product, others[i]);
    }
  });
}

test('a number that failed is tried again when it is asked for again', async () => {
  await using opened = await open();
  const { replica, broken } = opened;
  for (const tries of [1, 2]) {
    const [id = ''] = await submit(replica, 'guilty', [FAULTS.throws]);
    assert.equal((await ended(replica, id)).status, 'failed');
    assert.equal(broken.length, BREAKS * tries);
  }
});
