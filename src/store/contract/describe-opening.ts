/** Contract of opening and closing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BATCH_NUMBERS_MAX } from '../../domain/limits.ts';
import { StoreError } from '../store.ts';
import { acceptAll, newRequests, seqNo, type MakeHome, type StoreHome } from './store-fixture.ts';

export function describeOpening(name: string, makeHome: MakeHome): void {
  describe(`${name}: being open and closed`, () => {
    let home: StoreHome;
    before(async () => {
      home = await makeHome();
    });
    after(() => home.remove());

    test('closing finishes what is under way; later calls are refused', async () => {
      const store = await home.open();
      const accepted = [newRequests(1), newRequests(BATCH_NUMBERS_MAX, { seq: seqNo(10) })].map((requests) =>
        acceptAll(store, { requests }),
      );
      await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
      assert.deepEqual(
        (await Promise.all(accepted)).map((o) => o.kind),
        ['accepted', 'accepted'],
      );
      await assert.rejects(store.get([1]), StoreError);
    });

    test('closing in order is no failure of the store', async () => {
      const store = await home.open();
      await store[Symbol.asyncDispose]();
      const outcome = await Promise.race([store.failed, nextTurn().then(() => 'closed')]);
      assert.equal(outcome, 'closed');
    });

    test('a store that is open cannot be opened again; once closed, it can', async () => {
      const store = await home.open();
      const second = home.open().then((opened) => opened[Symbol.asyncDispose]());
      await assert.rejects(second, (error) => error instanceof StoreError && error.code === 'owned');
      assert.equal((await store.stats()).queued, BATCH_NUMBERS_MAX + 1);
      await store[Symbol.asyncDispose]();
      await (await home.open())[Symbol.asyncDispose]();
    });
  });
}
