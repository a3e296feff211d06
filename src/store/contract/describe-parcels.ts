/** Contract of handing over: parcels, what becomes of them in another store, and parting with them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { COMMIT_ROWS_MAX, PARCEL_BYTES } from '../../domain/limits.ts';
import type { NewRequest } from '../../domain/request.ts';
import type { JobLogEntry } from '../job-log.ts';
import { StoreError, type Adopted, type EndedJob, type Store } from '../store.ts';
import {
  acceptAll,
  DAY_MS,
  doneJob,
  FIRST_SEQ,
  keyed,
  newRequests,
  NOW_MS,
  seqNo,
  SIX,
  withStore,
  type MakeHome,
} from './store-fixture.ts';

const URL = 'https://hooks.example/done';
/** Longer than one parcel. */
const LOG_CHUNKS = 12;
const CHUNK_BYTES = 60_000;

export function describeParcels(name: string, makeHome: MakeHome): void {
  const withTwo = (work: (giver: Store, taker: Store, reopen: () => Promise<Store>) => Promise<void>) =>
    withStore(makeHome, (giver) => withStore(makeHome, (taker, reopen) => work(giver, taker, reopen)));

  describe(`${name}: handing over`, () => {
    test('an empty store has nothing to hand over', () =>
      withStore(makeHome, async (store) => {
        assert.equal(await store.parcel(), undefined);
      }));

    test('everything that one store holds arrives in another, durably, and the first is empty then', () =>
      withTwo(async (giver, taker, reopen) => {
        await populate(giver);
        const before = await contentOf(giver);
        assert.equal(before.requests.length, SEQS.length);
        await handOver(giver, taker);
        assert.deepEqual(await contentOf(await reopen()), before);
        const left = await contentOf(giver);
        assert.deepEqual(
          { ...left, logs: left.logs.map(({ chunks }) => chunks.length) },
          { requests: [], queued: [], due: [], values: [], outbox: [], logs: [0, 0], stats: [0] },
        );
      }));

    test('each parcel is bounded; requests that wait come first, each after the log of its job', () =>
      withTwo(async (giver, taker) => {
        await populate(giver);
        const kinds: string[] = [];
        await handOver(giver, taker, async (parcel) => {
          assert.ok(parcel.length < PARCEL_BYTES + 2 * CHUNK_BYTES, `${parcel.length} bytes`);
          const { queued, due, values } = await contentOf(taker);
          const { chunks } = await taker.readLog(HARD);
          kinds.push([chunks.length, queued.length > 0, due.length > 0, values.length > 0].join(' '));
        });
        const firstQueued = kinds.findIndex((kind) => kind.includes('true'));
        assert.ok(firstQueued > 0, kinds.join());
        assert.ok(kinds[firstQueued]?.startsWith(`${LOG_CHUNKS} true`), kinds.join());
      }));

    test('a parcel stays the same until it is parted with, and adopting it again changes nothing', () =>
      withTwo(async (giver, taker) => {
        await populate(giver);
        for (;;) {
          const parcel = await giver.parcel();
          if (!parcel) break;
          assert.deepEqual((await giver.parcel())?.bytes, parcel.bytes);
          await taker.adopt(parcel.bytes);
          const once = await contentOf(taker);
          assert.deepEqual(await taker.adopt(parcel.bytes), { queued: [], due: [] });
          assert.deepEqual(await contentOf(taker), once);
          await giver.partWith(parcel);
        }
        assert.equal((await contentOf(taker)).requests.length, SEQS.length);
      }));

    test('what is there in part already is completed, and stays as it is there', () =>
      withTwo(async (giver, taker) => {
        const requests = newRequests(3);
        await acceptAll(giver, { requests });
        const parcel = await giver.parcel();
        assert.ok(parcel);
        await taker.adopt(parcel.bytes);
        await taker.finish([doneJob(FIRST_SEQ)]);
        // The same requests and one more, in another parcel.
        await acceptAll(giver, { requests: newRequests(1, { seq: seqNo(3) }) });
        assert.deepEqual(await handOver(giver, taker), [
          { queued: [{ callerId: 'acme', count: 1 }], due: [] },
        ]);
        const stored = await taker.get([0, 1, 2, 3].map(seqNo));
        assert.deepEqual(
          stored.map((request) => request?.state.kind),
          ['done', 'queued', 'queued', 'queued'],
        );
        assert.equal((await taker.stats()).queued, 3);
      }));

    test('what has changed since it was given stays, and is given again as it is then', () =>
      withTwo(async (giver, taker) => {
        await acceptAll(giver, { requests: newRequests(2) });
        await giver.putValues('', [{ number: '6', factors: SIX, version: FIRST_SEQ }]);
        const parcel = await giver.parcel();
        assert.ok(parcel);
        const terms = { number: '6', version: seqNo(9), expiresAtMs: NOW_MS + DAY_MS };
        await giver.renewValues('', [terms], NOW_MS);
        await giver.finish([doneJob(FIRST_SEQ)]);
        await giver.partWith(parcel);
        assert.deepEqual(
          (await giver.get([FIRST_SEQ, seqNo(1)])).map((request) => request?.state.kind),
          ['done', undefined],
        );
        await handOver(giver, taker);
        assert.deepEqual(await taker.values('', ['6'], NOW_MS), [{ ...terms, factors: SIX }]);
        assert.equal((await taker.get([FIRST_SEQ]))[0]?.state.kind, 'done');
      }));

    test('a queued request that was adopted comes in its turn, and its end is written like any other', () =>
      withTwo(async (giver, taker) => {
        await acceptAll(giver, { requests: newRequests(1, { callbackUrl: URL }) });
        await acceptAll(taker, { requests: newRequests(1, { seq: seqNo(5) + 1 }) });
        const adopted = await handOver(giver, taker);
        assert.deepEqual(adopted, [{ queued: [{ callerId: 'acme', count: 1 }], due: [] }]);
        const [page = []] = await taker.queued([{ callerId: 'acme', afterSeq: 0, limit: 10 }]);
        assert.deepEqual(
          page.map(({ seq }) => seq),
          [FIRST_SEQ, seqNo(5) + 1],
        );
        assert.deepEqual(await taker.finish([called(FIRST_SEQ)]), new Map([[FIRST_SEQ, 1]]));
      }));

    test('a renewal that was heard of while a request for its number waited goes with it, whichever of them is there first', () =>
      withTwo(async (giver, taker) => {
        const keep = { expiresAtMs: NOW_MS + DAY_MS };
        const requests = ['6', '35'].map(
          (number, i) => newRequests(1, { mode: 'values', number, keep, seq: seqNo(i) })[0] as NewRequest,
        );
        for (const request of requests) await acceptAll(giver, { requests: [request] });
        const early = await giver.parcel();
        assert.ok(early);
        const renewals = ['6', '35'].map((number) => ({ number, version: seqNo(9) }));
        await giver.renewValues('', renewals, NOW_MS);
        await taker.adopt(early.bytes);
        await taker.finish([doneJob(FIRST_SEQ)]);
        await handOver(giver, taker);
        await taker.finish([doneJob(seqNo(1))]);
        assert.deepEqual(
          await taker.values('', ['6', '35'], NOW_MS + 2 * DAY_MS),
          renewals.map((renewal) => ({ ...renewal, factors: SIX })),
        );
        assert.deepEqual(await taker.renewalShards(), []);
      }));

    test('of two logs of one job the one with more CPU time is kept', () =>
      withTwo(async (giver, taker) => {
        const log = (number: string, cpuMs: number): JobLogEntry => ({
          number,
          chunks: [new Uint8Array(100).fill(cpuMs)],
          cpuMs,
          started: [],
          atMs: NOW_MS,
        });
        const requests = [HARD, '91'].map(
          (number, i) => newRequests(1, { number, seq: seqNo(i) })[0] as NewRequest,
        );
        await acceptAll(giver, { requests });
        for (const entry of [log(HARD, 2), log('91', 1)]) await giver.appendLog(entry);
        for (const entry of [log(HARD, 1), log('91', 2)]) await taker.appendLog(entry);
        await handOver(giver, taker);
        for (const number of [HARD, '91']) {
          const { cpuMs, chunks } = await taker.readLog(number);
          assert.deepEqual([cpuMs, chunks.map(([first]) => first)], [2, [2]], number);
        }
      }));

    test('an idempotency key goes on standing for its requests where they were adopted', () =>
      withTwo(async (giver, taker) => {
        const requests = newRequests(COMMIT_ROWS_MAX + 200);
        await acceptAndFinish(giver, requests);
        await handOver(giver, taker);
        const outcome = await acceptAll(
          taker,
          keyed(newRequests(requests.length, { seq: seqNo(50_000) + 1 })),
        );
        assert.equal(outcome.kind, 'replayed');
        assert.deepEqual(
          outcome.kind === 'replayed' && outcome.requests.map(({ seq }) => seq),
          requests.map(({ seq }) => seq),
        );
      }));

    test('a key comes only when all its requests are there, so that it never stands for a part of them', () =>
      withTwo(async (giver, taker) => {
        const requests = newRequests(COMMIT_ROWS_MAX + 200);
        await acceptAndFinish(giver, requests);
        const parcel = await giver.parcel();
        assert.ok(parcel);
        await taker.adopt(parcel.bytes);
        assert.ok((await taker.get([FIRST_SEQ]))[0]);
        const again = keyed(newRequests(requests.length, { seq: seqNo(50_000) + 1 }));
        assert.equal((await acceptAll(taker, again)).kind, 'accepted');
      }));

    test('a parcel from a program with other tables is refused', () =>
      withTwo(async (giver, taker) => {
        await acceptAll(giver, { requests: newRequests(1) });
        const text = new TextDecoder().decode((await giver.parcel())?.bytes);
        const other = new TextEncoder().encode(text.replace(/"version":\d+/, '"version":999'));
        await assert.rejects(
          taker.adopt(other),
          (error) => error instanceof StoreError && error.code === 'version',
        );
        assert.deepEqual(await taker.get([FIRST_SEQ]), [undefined]);
      }));
  });
}

/** The number of the long log. */
const HARD = '7'.repeat(90);
const SEQS = Array.from({ length: 8 + 1_200 }, (_, i) => seqNo(i));

/** Something of all that travels. */
async function populate(store: Store): Promise<void> {
  const keep = { expiresAtMs: NOW_MS + DAY_MS };
  const batches: readonly NewRequest[][] = [
    newRequests(1, { number: HARD }),
    newRequests(2, { seq: seqNo(1), callerId: 'ünï', mode: 'async', callbackUrl: URL }),
    newRequests(2, { seq: seqNo(3), mode: 'values', number: '6', keep }),
    newRequests(3, { seq: seqNo(5), number: '91' }),
    newRequests(1_200, { seq: seqNo(8), number: '8'.repeat(200) }),
  ];
  for (const requests of batches) await acceptAll(store, { requests });
  for (let i = 0; i < LOG_CHUNKS; i++) await store.appendLog(logEntry(HARD, i, FIRST_SEQ));
  await store.recordBreak(HARD);
  await store.finish([called(seqNo(1)), doneJob(seqNo(3))]);
  await store.appendLog(logEntry('91', 1, seqNo(5)));
  await store.finish([{ ...doneJob(seqNo(5), { kind: 'partial' }), number: '91' }]);
  const rest = SEQS.slice(8);
  for (let i = 0; i < rest.length; i += COMMIT_ROWS_MAX)
    await store.finish(rest.slice(i, i + COMMIT_ROWS_MAX).map((seq) => doneJob(seq)));
  await store.putValues('acme', [{ number: '6', factors: SIX, version: FIRST_SEQ, ...keep }]);
  await store.postRenewals([3], '', [{ number: '6', version: seqNo(4) }]);
}

function logEntry(number: string, i: number, seq: number): JobLogEntry {
  const started = [{ seq, startedAtMs: NOW_MS, budgetFromMs: 1 }];
  return {
    number,
    chunks: [new Uint8Array(CHUNK_BYTES).fill(i)],
    cpuMs: 10 * i + 0.1,
    started,
    atMs: NOW_MS,
  };
}

function called(seq: number): EndedJob {
  const job = doneJob(seq);
  return { ...job, requests: job.requests.map((request) => ({ ...request, called: true })) };
}

/** All that a caller of the store could see of what travels. */
async function contentOf(store: Store) {
  const page = { after: { dueAtMs: -Infinity, sequence: 0 }, limit: 100 };
  const stored = await store.get(SEQS);
  const scopes = ['', 'acme'];
  const logs = await Promise.all([HARD, '91'].map((number) => store.readLog(number)));
  return {
    requests: stored.flatMap((request) => {
      if (!request) return [];
      return request.delivery ? [{ ...request, delivery: withoutShard(request.delivery) }] : [request];
    }),
    queued: (await store.backlog()).toSorted((a, b) => (a.callerId < b.callerId ? -1 : 1)),
    due: (await store.dueCallbacks([{ callerId: 'ünï', ...page }])).flat().map(withoutShard),
    values: (
      await Promise.all(
        scopes.map((scope) => store.valuesOf({ scope, prime: '3', limit: 10, nowMs: NOW_MS })),
      )
    ).flat(),
    outbox: (await store.pendingRenewals(3, 10))?.renewals ?? [],
    // In short, so that a difference can be read.
    logs: logs.map((log) => ({ ...log, chunks: log.chunks.map((chunk) => `${chunk.length}×${chunk[0]}`) })),
    stats: [(await store.stats()).queued],
  };
}

/** Hands all of it over; resolves to what each parcel brought. `check` runs when a parcel was adopted. */
async function handOver(
  giver: Store,
  taker: Store,
  check: (parcel: Uint8Array) => Promise<void> = () => Promise.resolve(),
): Promise<Adopted[]> {
  const adopted: Adopted[] = [];
  for (;;) {
    const parcel = await giver.parcel();
    if (!parcel) return adopted;
    adopted.push(await taker.adopt(parcel.bytes));
    await check(parcel.bytes);
    await giver.partWith(parcel);
  }
}

/** Under a key. */
async function acceptAndFinish(store: Store, requests: readonly NewRequest[]): Promise<void> {
  await acceptAll(store, keyed(requests));
  for (let i = 0; i < requests.length; i += COMMIT_ROWS_MAX)
    await store.finish(requests.slice(i, i + COMMIT_ROWS_MAX).map(({ seq }) => doneJob(seq)));
}

/** Stores of different shards tell which of them gave the sequence number of a callback. */
function withoutShard<T extends { readonly shard?: number }>(numbered: T): Omit<T, 'shard'> {
  const { shard: _, ...rest } = numbered;
  return rest;
}
