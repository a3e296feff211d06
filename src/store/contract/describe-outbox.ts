/** Contract of the outbox. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ValueRenewal } from '../../domain/value.ts';
import type { Store } from '../store.ts';
import { NOW_MS, seqNo, withStore as inNewHome, type MakeHome } from './store-fixture.ts';

export function describeOutbox(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);
  const renewal = (number: string, version: number, expiresAtMs?: number): ValueRenewal => ({
    number,
    version: seqNo(version),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  });

  const shards = async (store: Store): Promise<number[]> =>
    (await store.renewalShards()).toSorted((a, b) => a - b);

  describe(`${name}: the outbox`, () => {
    test('each shard is to be told what was posted for it, until it was told, over restarts too', () =>
      withStore(async (store, reopen) => {
        const posted = [renewal('6', 1, NOW_MS), renewal('35', 1)];
        await store.postRenewals([3, 0, 15], '', posted);
        const again = await reopen();
        assert.deepEqual(await shards(again), [0, 3, 15]);
        const pending = await again.pendingRenewals(3, 10);
        assert.ok(pending);
        assert.deepEqual(byNumber(pending.renewals), byNumber(posted));
        await again.renewalsTold(3, pending);
        assert.equal(await again.pendingRenewals(3, 10), undefined);
        assert.deepEqual(await shards(again), [0, 15]);
        assert.equal((await again.pendingRenewals(0, 1))?.renewals.length, 1);
        assert.equal(await again.pendingRenewals(7, 1), undefined);
      }));

    test('of two renewals of one number the later one is told, and what is posted while a shard is told stays', () =>
      withStore(async (store) => {
        await store.postRenewals([1], '', [renewal('6', 2, NOW_MS)]);
        await store.postRenewals([1], '', [renewal('6', 1)]);
        const first = await store.pendingRenewals(1, 10);
        assert.deepEqual(first, { scope: '', renewals: [renewal('6', 2, NOW_MS)] });
        await store.postRenewals([1], '', [renewal('6', 3)]);
        await store.renewalsTold(1, first);
        assert.deepEqual(await store.pendingRenewals(1, 10), { scope: '', renewals: [renewal('6', 3)] });
      }));

    test('what is told at once is of one scope', () =>
      withStore(async (store) => {
        await store.postRenewals([1], 'acme', [renewal('6', 1)]);
        await store.postRenewals([1], 'globex', [renewal('6', 2)]);
        const scopes: string[] = [];
        for (;;) {
          const pending = await store.pendingRenewals(1, 10);
          if (!pending) break;
          assert.equal(pending.renewals.length, 1);
          scopes.push(pending.scope);
          await store.renewalsTold(1, pending);
        }
        assert.deepEqual(scopes.toSorted(), ['acme', 'globex']);
      }));
  });
}

function byNumber(renewals: readonly ValueRenewal[]): ValueRenewal[] {
  return renewals.toSorted((a, b) => (a.number < b.number ? -1 : 1));
}
