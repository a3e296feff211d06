/** What a POST of values is charged to the quotas of its caller. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { StoreError, type Store } from '../store/store.ts';
import { newFolder, openReplica, type OpenedReplica } from './replica-fixture.ts';
import type { PostValuesResult } from './service.ts';
import { UnavailableError } from './unavailable-error.ts';

const WORKER = new URL('../engine/worker.ts', import.meta.url);
const NEVER = new AbortController().signal;
/** Numbers so long are looked for among those that are kept. */
const LONG = 10n ** 30n;
/** Takes minutes. */
const HARD = (10n ** 44n + 31n) * (10n ** 45n + 9n);
/** A minute's worth, of which one comes back every 6 s. */
const quotas = { waiting: () => undefined, 'per-minute': () => 10 };

function post(
  { replica }: OpenedReplica,
  numbers: readonly bigint[],
  waitMs = 60_000,
): Promise<PostValuesResult> {
  return replica.postValues({ callerId: 'acme', numbers }, waitMs, NEVER);
}

/** Takes all the numbers that the caller may still have accepted: so many, and what has come back since `beganMs`, before the first was charged. */
async function assertLeft(opened: OpenedReplica, expected: number, beganMs: number): Promise<void> {
  let count = 0;
  while ((await post(opened, [15n])).kind === 'values') assert.ok(++count < 100, 'nothing is refused');
  const most = expected + Math.floor((performance.now() - beganMs) / 6_000);
  assert.ok(count >= expected && count <= most, `${count} are left, of ${expected} to ${most}`);
}

/** The store, but that looking for values fails. */
function withoutValues(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (name === 'values') return () => Promise.reject(new StoreError('busy', 'on purpose'));
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

test('numbers that are kept are charged, and so are those that go on as requests: once', async () => {
  const beganMs = performance.now();
  await using opened = await openReplica({ worker: WORKER, settings: { quotas } });
  assert.equal((await post(opened, [15n, 21n])).kind, 'values');
  assert.equal((await post(opened, [HARD, HARD + 2n, HARD + 4n], 0)).kind, 'unfinished');
  assert.equal((await post(opened, [HARD + 6n], 300)).kind, 'unfinished');
  await assertLeft(opened, 4, beganMs);
});

test('where the store does not answer in time nothing is charged', async () => {
  const dataDir = await newFolder();
  {
    await using store = await openSqliteStore({ dataDir });
    const settings = { quotas, store: withoutValues(store) };
    const beganMs = performance.now();
    await using opened = await openReplica({ worker: WORKER, settings });
    await assert.rejects(post(opened, [LONG, LONG, LONG]), /on purpose/);
    await assertLeft(opened, 10, beganMs);
  }
  await rm(dataDir, { recursive: true });
});

test('where other replicas cannot be told nothing is charged', async () => {
  let areReached = false;
  const renew = (): Promise<void> =>
    areReached
      ? Promise.resolve()
      : Promise.reject(new UnavailableError('shard_absent', 1_000, 'on purpose'));
  const settings = { quotas, renewals: { msMax: 0, renew } };
  const beganMs = performance.now();
  await using opened = await openReplica({ worker: WORKER, settings });
  await assert.rejects(post(opened, [15n, 21n]), /on purpose/);
  areReached = true;
  await assertLeft(opened, 10, beganMs);
});

test('what the store fails to accept is not charged', async () => {
  const dataDir = await newFolder();
  {
    await using store = await openSqliteStore({ dataDir });
    let isBroken = true;
    const failing = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (name === 'accept' && isBroken) return () => Promise.reject(new Error('on purpose'));
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const beganMs = performance.now();
    await using opened = await openReplica({ worker: WORKER, settings: { quotas, store: failing } });
    await assert.rejects(post(opened, [HARD], 0), /on purpose/);
    await assert.rejects(
      opened.replica.accept({ callerId: 'acme', mode: 'queued', numbers: [HARD] }),
      /on purpose/,
    );
    isBroken = false;
    await assertLeft(opened, 10, beganMs);
  }
  await rm(dataDir, { recursive: true });
});
