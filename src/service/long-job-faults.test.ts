/** Threads that break in the middle of a long job: it goes on from its log, and is given up when it breaks them again and again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SLICE_FAULTS } from './faulty-slice-worker.ts';
import { ended, openReplica, submit } from './replica-fixture.ts';
import type { RequestView } from './service.ts';

const WORKER = new URL('./faulty-slice-worker.ts', import.meta.url);
/** Long enough for a thread that only waits for its turn on a busy machine. */
const HANG_MS = 8_000;
/** A product of 64 digits: some seconds of sieving. */
const PRIMES = [10n ** 31n + 33n, 10n ** 32n + 49n] as const;

function recoveries({ timeline }: RequestView): number {
  return timeline.filter(({ event }) => event === 'recovered').length;
}

describe('a thread that breaks over a long number', { concurrency: true }, () => {
  for (const fault of ['throws', 'hangs', 'exhausts'] as const) {
    test(`${fault}: the job goes on from what it had found, and its factors are right`, async () => {
      await using opened = await openReplica({ worker: WORKER, hangMs: HANG_MS });
      const { replica, broken } = opened;
      const [id = ''] = await submit(replica, 'acme', [PRIMES[0] * PRIMES[1] * SLICE_FAULTS[fault]]);
      const look = async (): Promise<RequestView> => (await replica.lookUp(id))!;
      const farthest = { fraction: 0, cpuMs: 0 };
      let view = await look();
      for (; recoveries(view) === 0 && view.finishedAtMs === undefined; view = await look()) {
        if (view.progress) Object.assign(farthest, { fraction: view.progress.fraction, cpuMs: view.cpuMs });
        await sleep(20);
      }
      for (; (view.progress?.fraction ?? 0) < farthest.fraction; view = await look()) await sleep(20);
      const retakenMs = view.cpuMs - farthest.cpuMs;
      assert.ok(farthest.fraction > 0.4, `it broke at ${farthest.fraction}`);
      assert.ok(
        retakenMs < farthest.cpuMs / 2,
        `${retakenMs} ms of CPU to be where it was after ${farthest.cpuMs} ms`,
      );

      const done = await ended(replica, id);
      assert.equal(done.status, 'done');
      assert.deepEqual(
        done.factors.map(({ prime }) => prime),
        [SLICE_FAULTS[fault], ...PRIMES],
      );
      assert.equal(recoveries(done), 1);
      assert.equal(broken.length, 1, broken.join());
    });
  }

  test('three times: it fails with a reason, and others are done', async () => {
    await using opened = await openReplica({ worker: WORKER, hangMs: HANG_MS });
    const { replica, broken } = opened;
    const number = PRIMES[0] * PRIMES[1] * SLICE_FAULTS['always throws'];
    const [guilty = ''] = await submit(replica, 'guilty', [number]);
    const [innocent = ''] = await submit(replica, 'innocent', [PRIMES[0] * PRIMES[1]]);
    const failed = await ended(replica, guilty);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error?.code, 'job_broke_workers');
    assert.match(failed.error.reason, /the kernel threw \(3 times\)/);
    assert.equal(broken.length, 3);
    assert.equal((await ended(replica, innocent)).status, 'done');
  });
});
