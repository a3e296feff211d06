/** Contract of the reads, and of the order in which calls take effect: any sequence of them, against a map. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { BATCH_NUMBERS_MAX, PAGE_SCAN_MAX } from '../../domain/limits.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import { MODES, type FinalState, type NewRequest, type StoredRequest } from '../../domain/request.ts';
import type { ListQuery, Store } from '../store.ts';
import { StoreModel } from './store-model.ts';
import {
  acceptAll,
  doneJob,
  FIRST_SEQ,
  newRequests,
  NOW_MS,
  seqNo,
  SIX,
  withStore as inNewHome,
  type MakeHome,
} from './store-fixture.ts';

/** A token that is not the one of `newRequests`. */
const OTHER = 'FEDCBA9876543210';

export function describeReads(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: reading`, () => {
    test('what does not exist is undefined, in its place', () =>
      withStore(async (store) => {
        await acceptAll(store, { requests: newRequests(2) });
        const found = await store.get([seqNo(1), 7, FIRST_SEQ, seqNo(1)]);
        assert.deepEqual(
          found.map((r) => r?.seq),
          [seqNo(1), undefined, FIRST_SEQ, seqNo(1)],
        );
        assert.deepEqual(await store.get([]), []);
      }));

    test('how far a batch is, is told by counts of its own requests, while they are worked on and after', () =>
      withStore(async (store, reopen) => {
        const requests = newRequests(2_000, { mode: 'values' });
        const [first] = requests as [NewRequest];
        const batch = { first, count: requests.length };
        await acceptAll(store, { requests });
        // Of another shard, in between; and of the same one, behind.
        await acceptAll(store, {
          requests: newRequests(9, { mode: 'values', seq: seqNo(3) + 1, token: OTHER }),
        });
        await acceptAll(store, {
          requests: newRequests(1, { mode: 'values', seq: seqNo(2_000), token: OTHER }),
        });
        const lastQueuedSeq = seqNo(1_999);
        assert.deepEqual(await store.batchProgress(batch), {
          queued: 2_000,
          done: 0,
          ended: 0,
          lastQueuedSeq,
        });
        await store.finish([doneJob(seqNo(0)), doneJob(seqNo(1_999)), doneJob(seqNo(5) + 1)]);
        await store.finish([doneJob(seqNo(1), { kind: 'partial' })]);
        const told = { queued: 1_997, done: 2, ended: 1, lastQueuedSeq: seqNo(1_998) };
        assert.deepEqual(await store.batchProgress(batch), told);
        // More than there are: the others are not here.
        assert.deepEqual(await store.batchProgress({ first, count: 2_001 }), told);
        assert.deepEqual(await store.batchProgress({ first, count: 2 }), { queued: 0, done: 1, ended: 1 });
        assert.deepEqual(await (await reopen()).batchProgress(batch), told);
      }));

    test('a batch of another token, or of requests that are no values, is not here', () =>
      withStore(async (store) => {
        const none = { queued: 0, done: 0, ended: 0 };
        const [value] = newRequests(1, { mode: 'values' }) as [NewRequest];
        const [plain] = newRequests(1, { seq: seqNo(1) }) as [NewRequest];
        await acceptAll(store, { requests: [value] });
        await acceptAll(store, { requests: [plain] });
        for (const first of [
          { ...value, token: OTHER },
          { ...value, seq: seqNo(-1) },
          { ...value, seq: seqNo(7) },
          plain,
        ])
          assert.deepEqual(await store.batchProgress({ first, count: 2 }), none, JSON.stringify(first));
      }));

    test('a list looks at a bounded number of rows and says where to go on', () =>
      withStore(async (store) => {
        const requests = newRequests(PAGE_SCAN_MAX + 2_000, { mode: 'async' });
        await acceptAll(store, { requests: newRequests(1, { seq: seqNo(-1), mode: 'sync' }) });
        for (let i = 0; i < requests.length; i += BATCH_NUMBERS_MAX) {
          await acceptAll(store, { requests: requests.slice(i, i + BATCH_NUMBERS_MAX) });
        }
        for (const query of [{ mode: 'sync' }, { mode: 'sync', callerId: 'acme' }] as const) {
          const page = await store.list({ ...query, limit: 10 });
          assert.deepEqual(page, { requests: [], next: seqNo(2_000) });
          const { requests: found, next } = await store.list({
            ...query,
            limit: 10,
            beforeSeq: page.next ?? 0,
          });
          assert.deepEqual(
            found.map((r) => r.seq),
            [seqNo(-1)],
          );
          assert.equal(next, undefined);
        }
      }));

    test('a list of one caller goes on at rows of that caller alone, whatever it is filtered by', () =>
      withStore(async (store) => {
        const callbackUrl = 'https://hooks.example/done';
        const own = newRequests(3, { callerId: 'a', callbackUrl });
        const others = newRequests(PAGE_SCAN_MAX, { callerId: 'b', seq: seqNo(3), callbackUrl });
        await acceptAll(store, { requests: own });
        for (let i = 0; i < others.length; i += BATCH_NUMBERS_MAX)
          await acceptAll(store, { requests: others.slice(i, i + BATCH_NUMBERS_MAX) });
        const filters = allFilters().filter(({ callerId }) => callerId === 'a');
        for (const filter of filters.flatMap((f) => [f, { ...f, delivery: 'pending' } as const])) {
          const { requests, next } = await store.list({ ...filter, limit: 2 });
          const { mode = 'queued', status = 'queued' } = filter;
          const isOwn = mode === 'queued' && status === 'queued';
          const seqs = requests.map(({ seq }) => seq);
          assert.deepEqual(seqs, isOwn ? [seqNo(2), seqNo(1)] : [], JSON.stringify(filter));
          assert.equal(next, isOwn ? seqNo(1) : undefined, JSON.stringify(filter));
        }
      }));

    test('it agrees with a plain map about any sequence of calls, in the order in which they were made', () =>
      fc.assert(
        fc.asyncProperty(fc.array(arbitraryCall, { minLength: 5, maxLength: 80 }), (calls) =>
          withStore(async (store) => {
            const model = new StoreModel();
            const given = { store, model, nextSeq: FIRST_SEQ };
            // None is awaited before the next is made.
            await Promise.all(calls.map((call) => call(given)));
            for (const filters of allFilters()) {
              assert.deepEqual(await pages(store, filters, 3), model.list(filters), JSON.stringify(filters));
            }
          }),
        ),
        { numRuns: 8 },
      ));
  });
}

/** The whole list, read by pages. */
async function pages(
  store: Store,
  filters: Omit<ListQuery, 'limit'>,
  limit: number,
): Promise<StoredRequest[]> {
  const found: StoredRequest[] = [];
  let beforeSeq: number | undefined;
  do {
    const page = await store.list({ ...filters, limit, ...(beforeSeq !== undefined && { beforeSeq }) });
    assert.ok(page.requests.length <= limit);
    found.push(...page.requests);
    beforeSeq = page.next;
  } while (beforeSeq !== undefined);
  return found;
}

const CALLERS = ['a', 'b', 'c'];
const ENDS = ['done', 'partial', 'failed', 'cancelled'] as const;

function allFilters(): Omit<ListQuery, 'limit'>[] {
  const callers = [undefined, ...CALLERS];
  const modes = [undefined, ...MODES];
  const statuses = [undefined, 'queued', ...ENDS] as const;
  return callers.flatMap((callerId) =>
    modes.flatMap((mode) =>
      statuses.map((status) => ({
        ...(callerId !== undefined && { callerId }),
        ...(mode !== undefined && { mode }),
        ...(status !== undefined && { status }),
      })),
    ),
  );
}

interface Given {
  readonly store: Store;
  readonly model: StoreModel;
  nextSeq: number;
}

/** A call on store and model, which must answer the same. */
type Call = (given: Given) => Promise<void>;

/** Those whose numbers are not kept as values: with these, what is done depends on what was before, of which the model knows nothing. */
const PLAIN_MODES = MODES.filter((mode) => mode !== 'values');

/** An index among about as many requests as there are. */
const arbitraryIndex = fc.nat(40);

const arbitraryCall: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        callerId: fc.constantFrom(...CALLERS),
        mode: fc.constantFrom(...PLAIN_MODES),
        count: fc.integer({ min: 1, max: 4 }),
        ordinal: fc.nat(99),
      })
      .map(callAccept),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.array(arbitraryIndex, { maxLength: 6 }), fc.constantFrom(...ENDS)).map(callFinish),
  },
  { weight: 2, arbitrary: fc.tuple(arbitraryIndex, fc.nat(99)).map(callRequeue) },
  { weight: 1, arbitrary: fc.array(arbitraryIndex).map(callGet) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...CALLERS), arbitraryIndex, fc.nat(5)).map(callQueued) },
  { weight: 1, arbitrary: fc.constant(callBacklog) },
);

function callAccept({ count, ...request }: { count: number } & Partial<NewRequest>): Call {
  return async (given) => {
    const requests = newRequests(count, { ...request, seq: given.nextSeq });
    given.nextSeq += count * SEQ_STRIDE;
    given.model.accept(requests);
    assert.equal((await acceptAll(given.store, { requests })).kind, 'accepted');
  };
}

function callFinish([indices, kind]: [number[], (typeof ENDS)[number]]): Call {
  return async ({ store, model }) => {
    const times = { finishedAtMs: NOW_MS, cpuMs: 2 };
    const state: FinalState =
      kind === 'failed'
        ? { kind, ...times, code: 'job_broke_workers', reason: 'why' }
        : kind === 'cancelled'
          ? { kind, ...times }
          : { kind, ...times, factors: SIX };
    const requests = indices.map((i) => ({ seq: seqNo(i), state, timeline: [] }));
    const expected = model.finish(requests);
    const ended = await store.finish([{ number: '6', dropLog: false, requests }]);
    assert.deepEqual([...ended.keys()], expected);
  };
}

function callRequeue([i, ordinal]: [number, number]): Call {
  return async ({ store, model }) => {
    const expected = model.requeue(seqNo(i), ordinal, []);
    assert.equal(await store.requeue(seqNo(i), ordinal, []), expected);
  };
}

function callGet(indices: number[]): Call {
  return async ({ store, model }) => {
    const seqs = indices.map((i) => seqNo(i));
    const expected = model.get(seqs);
    assert.deepEqual(await store.get(seqs), expected);
  };
}

function callQueued([callerId, i, limit]: [string, number, number]): Call {
  return async ({ store, model }) => {
    const page = { callerId, afterSeq: seqNo(i - 1), limit };
    const all = { callerId: 'a', afterSeq: 0, limit: 99 };
    const expected = [model.queued(page), model.queued(all)];
    assert.deepEqual(await store.queued([page, all]), expected);
  };
}

async function callBacklog({ store, model }: Given): Promise<void> {
  const expected = model.backlog();
  const backlog = await store.backlog();
  assert.deepEqual(
    backlog.toSorted((a, b) => (a.callerId < b.callerId ? -1 : 1)),
    expected,
  );
}
