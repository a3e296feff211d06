/** Contract of `accept`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BATCH_NUMBERS_MAX, KNOWN_DIGITS_MIN } from '../../domain/limits.ts';
import type { NewRequest } from '../../domain/request.ts';
import {
  asQueued,
  doneJob,
  FIRST_SEQ,
  newRequests,
  NOW_MS,
  pruneAll,
  seqNo,
  SIX,
  withStore as inNewHome,
  type MakeHome,
} from './store-fixture.ts';

const LONG_NUMBER = '1'.repeat(KNOWN_DIGITS_MIN);

export function describeAcceptance(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: accepting`, () => {
    test('what was accepted is there after the store was closed and opened again', () =>
      withStore(async (store, reopen) => {
        const requests = [
          ...newRequests(1, { callerId: 'ünï 🙂', mode: 'sync' }),
          ...newRequests(2, { seq: seqNo(10), mode: 'async', ordinal: 7, number: '9'.repeat(1_000) }),
        ];
        for (const request of requests) {
          assert.deepEqual(await store.accept({ requests: [request] }), {
            kind: 'accepted',
            known: [undefined],
          });
        }
        const again = await reopen();
        assert.deepEqual(await again.get(requests.map((r) => r.seq)), requests.map(asQueued));
      }));

    test('the largest batch is accepted as a whole, in order', () =>
      withStore(async (store) => {
        const requests = newRequests(BATCH_NUMBERS_MAX);
        const outcome = await store.accept({ requests });
        assert(outcome.kind === 'accepted');
        const known = [...outcome.known, ...((await outcome.rest) ?? [])];
        assert.deepEqual(
          known,
          requests.map(() => undefined),
        );
        assert.deepEqual(await store.get(requests.map((r) => r.seq)), requests.map(asQueued));
      }));

    test('a large batch is accepted at once, and all of it is there after a restart, however far it had been written', () =>
      withStore(async (store, reopen) => {
        const requests = newRequests(BATCH_NUMBERS_MAX, { callbackUrl: 'https://hooks.example/' });
        const outcome = await store.accept({ requests });
        assert(outcome.kind === 'accepted');
        assert.ok((await store.stats()).queued < BATCH_NUMBERS_MAX, 'it is accepted before all is written');
        const again = await reopen();
        assert.deepEqual(await again.get(requests.map((r) => r.seq)), requests.map(asQueued));
        assert.equal((await again.stats()).queued, BATCH_NUMBERS_MAX);
      }));

    test('of a large batch, what is known of the later requests is told when they are written', () =>
      withStore(async (store) => {
        await store.putValues('', [{ number: '1900', factors: SIX, version: FIRST_SEQ }]);
        const requests = newRequests(1_200, { mode: 'values', seq: seqNo(1) });
        const outcome = await store.accept({ requests });
        assert(outcome.kind === 'accepted');
        const known = [...outcome.known, ...((await outcome.rest) ?? [])];
        assert.deepEqual(
          known,
          requests.map(({ number }) => (number === '1900' ? SIX : undefined)),
        );
        const [done] = await store.get([seqNo(901)]);
        assert.equal(done?.state.kind, 'done');
      }));

    test('terms that come while a large batch is written hold for what it is still to make, if they are later', () =>
      withStore(async (store) => {
        const requests = newRequests(1_200, { mode: 'values' });
        const outcome = await store.accept({ requests });
        assert(outcome.kind === 'accepted');
        const last = requests.at(-1);
        assert(last);
        const terms = { number: last.number, version: seqNo(5_000), expiresAtMs: NOW_MS + 5_000 };
        await store.renewValues('', [terms], NOW_MS);
        await pruneAll(store, { endedBeforeMs: NOW_MS, nowMs: NOW_MS, bytesMax: Infinity });
        await outcome.rest;
        await store.finish([doneJob(last.seq)]);
        const [value] = await store.values('', [last.number], NOW_MS);
        assert.equal(value?.expiresAtMs, terms.expiresAtMs);
      }));

    test('nobody waits behind the largest batch', () =>
      withStore(async (store) => {
        const order: string[] = [];
        const written = async (): Promise<void> => {
          const outcome = await store.accept({ requests: newRequests(BATCH_NUMBERS_MAX) });
          if (outcome.kind === 'accepted') await outcome.rest;
        };
        await Promise.all([
          written().then(() => order.push('batch')),
          store.accept({ requests: newRequests(1, { seq: seqNo(1e6) }) }).then(() => order.push('single')),
          store.get([1]).then(() => order.push('read')),
        ]);
        assert.equal(order.at(-1), 'batch');
      }));

    test('neither a small batch nor another caller’s batch waits behind the ten batches of one caller', () =>
      withStore(async (store) => {
        const order: string[] = [];
        const accept = async (batch: string, count: number, given: Partial<NewRequest>): Promise<void> => {
          await store.accept({ requests: newRequests(count, given) });
          order.push(batch);
        };
        const ten = Array.from({ length: 10 }, (_, i) => accept('of ten', 2_500, { seq: seqNo(i * 2_500) }));
        await Promise.all([
          ...ten,
          accept('small', 100, { seq: seqNo(1e6) }),
          accept('other', 2_500, { seq: seqNo(2e6), callerId: 'globex' }),
        ]);
        assert.equal(order[0], 'small');
        assert.ok(order.indexOf('other') <= 2, order.join());
      }));

    test('a known number of enough digits is done at once, a shorter one is not looked up', () =>
      withStore(async (store) => {
        const short = LONG_NUMBER.slice(1);
        const known = { factors: SIX, cpuMs: 9, atMs: NOW_MS };
        await store.finish(
          [LONG_NUMBER, short].map((number) => ({ number, dropLog: false, known, requests: [] })),
        );
        const requests = [short, LONG_NUMBER, '8'.repeat(60)].map(
          (number, i) => newRequests(1, { seq: seqNo(i), number })[0] as NewRequest,
        );
        assert.deepEqual(await store.accept({ requests }), {
          kind: 'accepted',
          known: [undefined, SIX, undefined],
        });
        const [, done] = await store.get(requests.map((r) => r.seq));
        assert.deepEqual(done?.state, { kind: 'done', finishedAtMs: NOW_MS, cpuMs: 0, factors: SIX });
        assert.deepEqual(done?.timeline, [
          { event: 'finished', atMs: NOW_MS, status: 'done', source: 'known' },
        ]);
        assert.deepEqual(await store.backlog(), [{ callerId: 'acme', count: 2, ordinalMax: 0 }]);
        assert.deepEqual(await store.known([LONG_NUMBER, '5', short]), [SIX, undefined, SIX]);
      }));

    test('a request that cannot be stored is refused alone, and nothing of its batch remains', () =>
      withStore(async (store) => {
        await store.accept({ requests: newRequests(1, { seq: seqNo(50) }) });
        const results = await Promise.allSettled([
          store.accept({ requests: newRequests(3) }),
          store.accept({ requests: newRequests(20, { seq: seqNo(40), callerId: 'careless' }) }),
          store.accept({ requests: newRequests(3, { seq: seqNo(90) }) }),
          store.get([FIRST_SEQ]),
        ]);
        assert.deepEqual(
          results.map((r) => r.status),
          ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
        );
        assert.deepEqual(await store.backlog(), [{ callerId: 'acme', count: 7, ordinalMax: 2 }]);
        const { queued, lastSeq } = await store.stats();
        assert.equal(queued, 7);
        assert.equal(lastSeq, seqNo(92));
      }));
  });
}
