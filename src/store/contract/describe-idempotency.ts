/** Contract of `accept` with an idempotency key. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewRequest } from '../../domain/request.ts';
import {
  asQueued,
  DAY_MS,
  doneJob,
  FIRST_SEQ,
  keyed,
  newRequests,
  NOW_MS,
  seqNo,
  pruneAll,
  withStore as inNewHome,
  type MakeHome,
} from './store-fixture.ts';

export function describeIdempotency(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: idempotency keys`, () => {
    const later = (count: number, given: Partial<NewRequest> = {}): NewRequest[] =>
      newRequests(count, { seq: seqNo(50_000), token: 'FEDCBA9876543210', ordinal: 100, ...given });

    test('it is known which keys are held, by caller, until they expire', () =>
      withStore(async (store) => {
        const batch = keyed(newRequests(1));
        const { key = '', expiresAtMs = 0 } = batch.idempotency ?? {};
        const [{ callerId } = { callerId: '' }] = batch.requests;
        const keys = [
          { callerId, key },
          { callerId, key: 'another' },
          { callerId: 'someone else', key },
        ];
        assert.deepEqual(await store.heldKeys(keys, NOW_MS), [false, false, false]);
        await store.accept(batch);
        assert.deepEqual(await store.heldKeys(keys, NOW_MS), [true, false, false]);
        assert.deepEqual(await store.heldKeys(keys, expiresAtMs), [false, false, false]);
      }));

    for (const count of [1, 3, 1_700]) {
      test(`the same key and fingerprint give the ${count} requests of the first time, as they stand now`, () =>
        withStore(async (store, reopen) => {
          const first = newRequests(count);
          assert.equal((await store.accept(keyed(first))).kind, 'accepted');
          await store.finish([doneJob(FIRST_SEQ)]);
          const again = await reopen();
          const outcome = await again.accept(keyed(later(count)));
          assert.deepEqual(outcome, {
            kind: 'replayed',
            requests: await again.get(first.map((r) => r.seq)),
          });
          assert.equal((await again.stats()).queued, count - 1);
        }));
    }

    test('two calls at once with the same key make one batch of requests', () =>
      withStore(async (store) => {
        const outcomes = await Promise.all([
          store.accept(keyed(newRequests(1_200))),
          store.accept(keyed(later(1_200))),
        ]);
        assert.deepEqual(
          outcomes.map((o) => o.kind),
          ['accepted', 'replayed'],
        );
        assert.equal((await store.stats()).queued, 1_200);
      }));

    test('another fingerprint is a conflict and changes nothing; another key or caller is not', () =>
      withStore(async (store) => {
        await store.accept(keyed(newRequests(2)));
        assert.deepEqual(await store.accept(keyed(later(2), 'g')), { kind: 'conflict' });
        assert.deepEqual(await store.accept(keyed(later(600), 'g')), { kind: 'conflict' });
        assert.equal((await store.stats()).queued, 2);
        assert.equal((await store.accept(keyed(later(2), 'g', 'other')))?.kind, 'accepted');
        assert.equal(
          (await store.accept(keyed(later(2, { seq: 5, callerId: 'globex' }), 'g'))).kind,
          'accepted',
        );
      }));

    test('an expired key is free, also before it is pruned', () =>
      withStore(async (store) => {
        await store.accept(keyed(newRequests(1)));
        const next = later(1, { acceptedAtMs: NOW_MS + DAY_MS });
        assert.equal((await store.accept(keyed(next, 'g'))).kind, 'accepted');
        assert.deepEqual(await store.get([next[0]?.seq ?? 0]), next.map(asQueued));
      }));

    test('requests that retention has taken are left out of a replay, and where all are gone the key is free', () =>
      withStore(async (store) => {
        await store.accept(keyed(newRequests(2)));
        await store.finish([doneJob(FIRST_SEQ)]);
        const limits = { endedBeforeMs: NOW_MS + 1, nowMs: NOW_MS + 1, bytesMax: Infinity };
        await pruneAll(store, limits);
        const replayed = await store.accept(keyed(later(2)));
        assert.deepEqual(replayed, {
          kind: 'replayed',
          requests: await store.get([seqNo(1)]),
        });
        await store.finish([doneJob(seqNo(1))]);
        await pruneAll(store, limits);
        assert.equal((await store.accept(keyed(later(2)))).kind, 'accepted');
      }));
  });
}
