/** Callbacks: numbered and due at the end of a request, and what becomes of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Delivery } from '../../domain/delivery.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { TimelineEvent } from '../../domain/request.ts';
import type { Store } from '../store.ts';
import {
  acceptAll,
  asQueued,
  DAY_MS,
  doneJob,
  FIRST_SEQ,
  NOW_MS,
  seqNo,
  newRequests,
  pruneAll,
  withStore as withStoreOf,
  type MakeHome,
} from './store-fixture.ts';

const URL = 'https://hooks.example/done';
const TIMELINE: TimelineEvent[] = [{ event: 'attempted', atMs: NOW_MS, durationMs: 3, status: 500 }];

export function describeCallbacks(name: string, makeHome: MakeHome): void {
  const withStore = withStoreOf.bind(undefined, makeHome);

  /** Accepts `count` requests with a callback and ends them, one after the other. */
  async function endCalled(
    store: Store,
    count: number,
    given: { seq?: number; callerId?: string } = {},
  ): Promise<void> {
    const requests = newRequests(count, { mode: 'async', callbackUrl: URL, ...given });
    await acceptAll(store, { requests });
    for (const { seq } of requests) await store.finish([called(seq)]);
  }

  const called = (seq: number, atMs = NOW_MS): ReturnType<typeof doneJob> => {
    const job = doneJob(seq, { finishedAtMs: atMs });
    return { ...job, requests: job.requests.map((request) => ({ ...request, called: true })) };
  };

  const start = { dueAtMs: -Infinity, sequence: 0 };
  const due = async (store: Store, callerId = 'acme', limit = 100): Promise<number[]> => {
    const [page = []] = await store.dueCallbacks([{ callerId, after: start, limit }]);
    return page.map(({ seq }) => seq);
  };

  describe(`${name}: callbacks`, () => {
    test('a callback is pending from acceptance on, and due and numbered when its request has ended', () =>
      withStore(async (store) => {
        const [request] = newRequests(1, { mode: 'async', callbackUrl: URL });
        assert.ok(request);
        await acceptAll(store, { requests: [request] });
        assert.deepEqual(await store.get([FIRST_SEQ]), [asQueued(request)]);
        assert.deepEqual(await due(store), []);
        assert.deepEqual(await store.finish([called(FIRST_SEQ)]), new Map([[FIRST_SEQ, 1]]));
        const [ended] = await store.get([FIRST_SEQ]);
        assert.deepEqual(ended?.delivery, {
          status: 'pending',
          sequence: 1,
          attempts: 0,
          dueAtMs: NOW_MS,
        } satisfies Delivery);
        assert.deepEqual(await store.callbackBacklog(), [{ callerId: 'acme', firstDueAtMs: NOW_MS }]);
      }));

    test('each caller has a sequence of its own, without gaps, over restarts too; a request ended twice takes one number', () =>
      withStore(async (store, reopen) => {
        await endCalled(store, 3);
        await endCalled(store, 2, { seq: seqNo(10), callerId: 'other' });
        assert.deepEqual(await store.finish([called(FIRST_SEQ)]), new Map());
        const again = await reopen();
        await endCalled(again, 1, { seq: seqNo(20) });
        const stored = await again.get([0, 1, 2, 10, 11, 20].map((i) => seqNo(i)));
        assert.deepEqual(
          stored.map((request) => request?.delivery?.sequence),
          [1, 2, 3, 1, 2, 4],
        );
      }));

    test('what is due comes by time and then in order of their ends, in pages', () =>
      withStore(async (store) => {
        const requests = newRequests(4, { mode: 'async', callbackUrl: URL });
        await acceptAll(store, { requests });
        const [a = 0, b = 0, c = 0, d = 0] = requests.map(({ seq }) => seq);
        await store.finish([called(b, NOW_MS + 1), called(a, NOW_MS + 2)]);
        await store.finish([called(d, NOW_MS), called(c, NOW_MS)]);
        assert.deepEqual(await due(store), [d, c, b, a]);
        assert.deepEqual(await due(store, 'acme', 2), [d, c]);
        const page = { callerId: 'acme', after: { dueAtMs: NOW_MS, sequence: 3 }, limit: 10 };
        const [rest] = await store.dueCallbacks([page]);
        assert.deepEqual(rest, [
          { seq: c, sequence: 4, dueAtMs: NOW_MS, url: URL },
          { seq: b, sequence: 1, dueAtMs: NOW_MS + 1, url: URL },
          { seq: a, sequence: 2, dueAtMs: NOW_MS + 2, url: URL },
        ]);
        assert.deepEqual(await due(store, 'nobody'), []);
      }));

    test('an attempt is recorded once for its sequence number, and what is delivered is due no more', () =>
      withStore(async (store, reopen) => {
        await endCalled(store, 1);
        const later = { status: 'pending', sequence: 1, attempts: 1, dueAtMs: NOW_MS + 2_000 } as const;
        assert.equal(
          await store.recordAttempt({
            seq: FIRST_SEQ,
            wasDueAtMs: NOW_MS,
            delivery: later,
            timeline: TIMELINE,
          }),
          true,
        );
        const [stored] = await (await reopen()).get([FIRST_SEQ]);
        assert.deepEqual([stored?.delivery, stored?.timeline], [later, TIMELINE]);
      }));

    test('an attempt for a number that is not the present one, or for what is delivered, changes nothing', () =>
      withStore(async (store) => {
        await endCalled(store, 1);
        const delivered = { status: 'delivered', sequence: 1, attempts: 1 } as const;
        const record = { seq: FIRST_SEQ, wasDueAtMs: NOW_MS, delivery: delivered, timeline: TIMELINE };
        assert.equal(
          await store.recordAttempt({ ...record, delivery: { ...delivered, sequence: 2 } }),
          false,
        );
        assert.equal(await store.recordAttempt({ ...record, seq: 404 }), false);
        assert.equal(await store.recordAttempt({ ...record, wasDueAtMs: NOW_MS + 1 }), false);
        assert.equal(await store.recordAttempt(record), true);
        assert.equal(await store.recordAttempt(record), false);
        assert.deepEqual(await due(store), []);
        assert.deepEqual(await store.callbackBacklog(), []);
      }));

    test('what is dead can be sent again, under its number', () =>
      withStore(async (store) => {
        await endCalled(store, 1);
        const dead = { status: 'dead', sequence: 1, attempts: 10 } as const;
        const endpointGone = { callerId: 'acme', url: URL, atMs: NOW_MS };
        await store.recordAttempt({
          seq: FIRST_SEQ,
          wasDueAtMs: NOW_MS,
          delivery: dead,
          timeline: TIMELINE,
          endpointGone,
        });
        assert.deepEqual(await store.goneEndpoints(10), [{ callerId: 'acme', url: URL }]);
        assert.equal(await store.redeliver(FIRST_SEQ, NOW_MS + 9, []), true);
        const [stored] = await store.get([FIRST_SEQ]);
        assert.deepEqual(stored?.delivery, {
          status: 'pending',
          sequence: 1,
          attempts: 0,
          dueAtMs: NOW_MS + 9,
        });
        assert.deepEqual(await store.goneEndpoints(10), []);
        assert.equal(await store.redeliver(404, NOW_MS, []), false);
      }));

    test('what is to be sent again while an attempt is under way stays so, whatever comes of the attempt', () =>
      withStore(async (store) => {
        await endCalled(store, 1);
        assert.equal(await store.redeliver(FIRST_SEQ, NOW_MS + 9, []), true);
        const dead = { status: 'dead', sequence: 1, attempts: 10 } as const;
        const record = { seq: FIRST_SEQ, wasDueAtMs: NOW_MS, delivery: dead, timeline: TIMELINE };
        assert.equal(await store.recordAttempt(record), false);
        assert.deepEqual(await due(store), [FIRST_SEQ]);
        assert.equal(await store.recordAttempt({ ...record, wasDueAtMs: NOW_MS + 9 }), true);
      }));

    test('what has no callback, or has not ended, is not sent again', () =>
      withStore(async (store) => {
        await acceptAll(store, { requests: newRequests(1) });
        await acceptAll(store, { requests: newRequests(1, { seq: seqNo(1), callbackUrl: URL }) });
        await store.finish([doneJob(FIRST_SEQ)]);
        assert.equal(await store.redeliver(FIRST_SEQ, NOW_MS, []), false);
        assert.equal(await store.redeliver(seqNo(1), NOW_MS, []), false);
      }));

    for (const status of ['delivered', 'dead'] as const) {
      test(`a partial request is resumed only once its callback is ${status}; its next end has the next number`, () =>
        withStore(async (store) => {
          await acceptAll(store, { requests: newRequests(1, { callbackUrl: URL }) });
          const job = doneJob(FIRST_SEQ, { kind: 'partial' });
          await store.finish([{ ...job, requests: job.requests.map((r) => ({ ...r, called: true })) }]);
          const [ended] = await store.get([FIRST_SEQ]);
          assert.equal(await store.requeue(FIRST_SEQ, 7, []), false);
          assert.deepEqual(await store.get([FIRST_SEQ]), [ended]);
          assert.equal((await store.stats()).queued, 0);
          const last = { status, sequence: 1, attempts: 1 };
          const record = { seq: FIRST_SEQ, wasDueAtMs: NOW_MS, delivery: last, timeline: [] };
          assert.equal(await store.recordAttempt(record), true);
          assert.equal(await store.requeue(FIRST_SEQ, 7, []), true);
          assert.deepEqual(await due(store), []);
          assert.deepEqual(await store.finish([called(FIRST_SEQ)]), new Map([[FIRST_SEQ, 2]]));
        }));
    }

    test('lists by delivery, newest first', () =>
      withStore(async (store) => {
        await acceptAll(store, { requests: newRequests(1, { seq: seqNo(-1) }) });
        await endCalled(store, 3);
        await endCalled(store, 1, { seq: seqNo(10), callerId: 'other' });
        const dead = { status: 'dead', sequence: 2, attempts: 10 } as const;
        await store.recordAttempt({ seq: seqNo(1), wasDueAtMs: NOW_MS, delivery: dead, timeline: [] });
        const list = async (query: Parameters<Store['list']>[0]): Promise<number[]> =>
          (await store.list(query)).requests.map(({ seq }) => (seq - FIRST_SEQ) / SEQ_STRIDE);
        assert.deepEqual(await list({ delivery: 'pending', limit: 10 }), [10, 2, 0]);
        assert.deepEqual(await list({ delivery: 'dead', limit: 10 }), [1]);
        assert.deepEqual(await list({ delivery: 'delivered', limit: 10 }), []);
        assert.deepEqual(await list({ delivery: 'pending', callerId: 'acme', limit: 10 }), [2, 0]);
        assert.deepEqual(await list({ delivery: 'pending', status: 'queued', limit: 10 }), []);
        assert.deepEqual(await list({ delivery: 'pending', limit: 1 }), [10]);
      }));

    test('retention forgets that a URL is gone', () =>
      withStore(async (store) => {
        await endCalled(store, 1);
        const dead = { status: 'dead', sequence: 1, attempts: 1 } as const;
        const endpointGone = { callerId: 'acme', url: URL, atMs: NOW_MS };
        await store.recordAttempt({
          seq: FIRST_SEQ,
          wasDueAtMs: NOW_MS,
          delivery: dead,
          timeline: [],
          endpointGone,
        });
        const limits = { nowMs: NOW_MS, bytesMax: Infinity };
        await pruneAll(store, { ...limits, endedBeforeMs: NOW_MS });
        assert.equal((await store.goneEndpoints(10)).length, 1);
        await pruneAll(store, { ...limits, endedBeforeMs: NOW_MS + 1 });
        assert.equal((await store.goneEndpoints(10)).length, 0);
      }));

    test('retention keeps what is still to be delivered, however old', () =>
      withStore(async (store) => {
        await endCalled(store, 2);
        const dead = { status: 'dead', sequence: 1, attempts: 10 } as const;
        await store.recordAttempt({ seq: FIRST_SEQ, wasDueAtMs: NOW_MS, delivery: dead, timeline: [] });
        await pruneAll(store, { endedBeforeMs: NOW_MS + 1, nowMs: Date.now() + DAY_MS, bytesMax: 0 });
        const [gone, kept] = await store.get([FIRST_SEQ, seqNo(1)]);
        assert.equal(gone, undefined);
        assert.equal(kept?.delivery?.status, 'pending');
      }));

    test('a request is kept for its time from when its callback was delivered or dead, however long after its end', () =>
      withStore(async (store) => {
        const nowMs = Date.now();
        const endedAtMs = nowMs - 30 * DAY_MS;
        const requests = newRequests(4, { callbackUrl: URL });
        const [dead = 0, delivered = 0, resumed = 0, silent = 0] = requests.map(({ seq }) => seq);
        await acceptAll(store, { requests });
        for (const seq of [dead, delivered]) await store.finish([called(seq, endedAtMs)]);
        const partial = doneJob(resumed, { kind: 'partial', finishedAtMs: endedAtMs });
        await store.finish([
          { ...partial, requests: partial.requests.map((r) => ({ ...r, called: true })) },
          doneJob(silent, { finishedAtMs: endedAtMs }),
        ]);
        const ends = [
          [dead, 'dead'],
          [delivered, 'delivered'],
          [resumed, 'dead'],
        ] as const;
        for (const [i, [seq, status]] of ends.entries()) {
          const delivery = { status, sequence: i + 1, attempts: 10 };
          await store.recordAttempt({ seq, wasDueAtMs: endedAtMs, delivery, timeline: [] });
        }
        const left = async (endedBeforeMs: number): Promise<number[]> => {
          await pruneAll(store, { endedBeforeMs, nowMs, bytesMax: Infinity });
          const seqs = requests.map(({ seq }) => seq);
          return (await store.get(seqs)).flatMap((request) => request?.seq ?? []);
        };
        assert.deepEqual(await left(nowMs), [dead, delivered, resumed]);
        // What counts for a request that was resumed is its next end, not that the former one was told.
        assert.equal(await store.requeue(resumed, 7, []), true);
        await store.finish([doneJob(resumed, { finishedAtMs: nowMs + 2 * DAY_MS })]);
        assert.deepEqual(await left(nowMs + DAY_MS), [resumed]);
      }));
  });
}
