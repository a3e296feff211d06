/** Workers that would idle help with the biggest job, and make way for whatever comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/support/until.ts';
import { ended, newFolder, openReplica, submit } from './replica-fixture.ts';

const WORKER = new URL('../engine/worker.ts', import.meta.url);
/** 64 digits: some seconds of sieving. */
const P = 10n ** 31n + 33n;
const Q = 10n ** 32n + 49n;
/** 74 digits, some ten seconds: it is still under way when short numbers have come and gone one after the other. */
const HARD = (10n ** 36n + 67n) * (10n ** 37n + 43n);

test('one long number keeps all workers busy, and what they all used is told as its CPU time', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const { replica } = opened;
  const [id = ''] = await submit(replica, 'acme', [P * Q]);
  await until('the idle worker to help', () => replica.stats().busyWorkers === 2);
  const done = await ended(replica, id);
  assert.equal(done.status, 'done');
  assert.deepEqual(
    done.factors.map(({ prime }) => prime),
    [P, Q],
  );
  assert.ok(done.cpuMs > 0);
  await until('nobody to work for a number that is done', () => replica.stats().busyWorkers === 0);
});

test('a helper makes way for a short number of another caller at once, and goes on afterwards', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const { replica } = opened;
  const [long = ''] = await submit(replica, 'hog', [HARD]);
  for (let i = 0; i < 3; i++) {
    await until('the idle worker to help', () => replica.stats().busyWorkers === 2);
    const [short = ''] = await submit(replica, 'small', [1_000_000_007n * BigInt(998_244_353 + 2 * i)]);
    const done = await ended(replica, short);
    assert.equal(done.status, 'done');
    assert.equal((await replica.lookUp(long))?.status, 'running', 'the long one is still under way');
  }
  await until('the idle worker to help again', () => replica.stats().busyWorkers === 2);
  await replica.cancel(long);
});

test('a number that is cancelled gives all its workers and lanes back', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const { replica } = opened;
  const [id = ''] = await submit(replica, 'acme', [P * Q]);
  await until('the idle worker to help', () => replica.stats().busyWorkers === 2);
  await replica.cancel(id);
  await until('the workers to be free', () => replica.stats().busyWorkers === 0);
  assert.equal((await ended(replica, id)).status, 'cancelled');
});

test('what helpers have found survives the replica', async () => {
  const dataDir = await newFolder();
  let id = '';
  let fraction = 0;
  {
    await using opened = await openReplica({ worker: WORKER, dataDir });
    const { replica } = opened;
    [id = ''] = await submit(replica, 'acme', [P * Q]);
    await until('half of it to be done', async () => {
      fraction = (await replica.lookUp(id))?.progress?.fraction ?? 0;
      return fraction > 0.5;
    });
  }
  await using opened = await openReplica({ worker: WORKER, dataDir });
  const { replica } = opened;
  await until('it to be where it was', async () => {
    const view = await replica.lookUp(id);
    return view?.status === 'done' || (view?.progress?.fraction ?? 0) > fraction - 0.05;
  });
  const done = await ended(replica, id);
  assert.deepEqual(
    done.factors.map(({ prime }) => prime),
    [P, Q],
  );
});
