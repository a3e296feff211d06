/** Threads that throw, hang, exhaust their memory or answer wrongly, as the callers of a replica meet them: one number fails, the others go on. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAULTS } from '../engine/faulty-worker.ts';
import { ended, newFolder, openReplica, submit } from './replica-fixture.ts';

const FAULTY = new URL('../engine/faulty-worker.ts', import.meta.url);
const SOUND = new URL('../engine/worker.ts', import.meta.url);
const BREAKS = 3;
/** Two seconds for a thread to come to its end, and some for what is done besides. */
const STOP_MS_MAX = 6_000;

for (const [fault, number] of Object.entries(FAULTS)) {
  test(`a number at which a thread ${fault} fails with a reason, and all others are done`, async () => {
    await using opened = await openReplica({ worker: FAULTY, hangMs: fault === 'hangs' ? 5_000 : 60_000 });
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
  await using opened = await openReplica({ worker: FAULTY });
  const { replica, broken } = opened;
  for (const tries of [1, 2]) {
    const [id = ''] = await submit(replica, 'guilty', [FAULTS.throws]);
    assert.equal((await ended(replica, id)).status, 'failed');
    assert.equal(broken.length, BREAKS * tries);
  }
});

test('a thread that hangs does not keep the service from stopping, and its number is done after the next start', async (t) => {
  const dataDir = await newFolder();
  t.after(() => rm(dataDir, { recursive: true }));
  const hung = await openReplica({ dataDir, worker: FAULTY, hangMs: 600_000 });
  const [id = ''] = await submit(hung.replica, 'guilty', [FAULTS.hangs]);
  while (hung.replica.stats().busyWorkers === 0) await sleep(10);
  const beganMs = performance.now();
  await hung[Symbol.asyncDispose]();
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs < STOP_MS_MAX, `stopping took ${tookMs} ms`);

  await using sound = await openReplica({ dataDir, worker: SOUND });
  const view = await ended(sound.replica, id);
  assert.equal(view.status, 'done');
  assert.deepEqual(
    view.factors.map(({ prime }) => prime),
    [2n, 3n, 11n, 101n],
  );
});
