/** Contract of `prune`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ANSWER_MS_MIN, KNOWN_DIGITS_MIN } from '../../domain/limits.ts';
import { seqAt } from '../../domain/request-id.ts';
import type { FinalState, NewRequest } from '../../domain/request.ts';
import type { JobLogEntry } from '../job-log.ts';
import type { EndedJob, Store } from '../store.ts';
import {
  acceptAll,
  DAY_MS,
  doneJob,
  newRequests,
  NOW_MS,
  pruneAll,
  seqNo,
  SIX,
  withStore as inNewHome,
  type MakeHome,
} from './store-fixture.ts';

const LONG_NUMBER = '1'.repeat(KNOWN_DIGITS_MIN);

export function describeRetention(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: retention`, () => {
    const limits = { endedBeforeMs: NOW_MS, nowMs: NOW_MS, bytesMax: Infinity };
    /** So late that answers of the tests' present may go for want of room. */
    const later = { ...limits, nowMs: NOW_MS + ANSWER_MS_MIN + DAY_MS / 2 };
    const old = { seq: seqAt(NOW_MS - 30 * DAY_MS), acceptedAtMs: NOW_MS - 30 * DAY_MS };

    test('ended requests go once they ended long enough ago, in small steps; those waiting never do', () =>
      withStore(async (store) => {
        const requests = newRequests(900, old);
        const seqs = requests.map((r) => r.seq);
        await acceptAll(store, { requests });
        await store.finish(seqs.slice(0, 800).map((seq) => doneJob(seq, { finishedAtMs: NOW_MS - 1 })));
        await store.finish(seqs.slice(800, 850).map((seq) => doneJob(seq)));
        const steps = await pruneAll(store, limits);
        assert.ok(steps.length >= 2, `All in one step: ${steps.join()}`);
        assert.equal(
          steps.reduce((sum, n) => sum + n),
          800,
        );
        const left = (await store.get(seqs)).flatMap((r) => (r ? [r.state.kind] : []));
        assert.deepEqual(left, [...Array<string>(50).fill('done'), ...Array<string>(50).fill('queued')]);
      }));

    test('above its size the oldest ended requests go before their time, and no others', () =>
      withStore(async (store) => {
        const requests = newRequests(4_000, { number: '7'.repeat(900) });
        await acceptAll(store, { requests });
        const seqs = requests.map((r) => r.seq);
        const ended = seqs.slice(0, 3_000).map((seq, i) => doneJob(seq, { finishedAtMs: NOW_MS + i }));
        for (let i = 0; i < ended.length; i += 1_000) await store.finish(ended.slice(i, i + 1_000));
        const { bytes } = await store.stats();
        const bytesMax = Math.round(bytes * 0.8);
        assert.ok((await pruneAll(store, { ...later, bytesMax })).length > 0);
        assert.ok((await store.stats()).bytes <= bytesMax);
        const left = (await store.get(seqs)).map((r) => r !== undefined);
        const gone = left.lastIndexOf(false) + 1;
        assert.ok(gone >= 300 && gone < 3_000, `${gone} are gone`);
        assert.ok(
          left.slice(0, gone).every((there) => !there),
          'The oldest go first',
        );
        await pruneAll(store, { ...later, bytesMax: 1 });
        assert.deepEqual(await store.backlog(), [{ callerId: 'acme', count: 1_000, ordinalMax: 3_999 }]);
      }));

    test('above its size, idle logs go first, the oldest before the others, then ended requests, then known numbers', () =>
      withStore(async (store) => {
        const now = { ...later, endedBeforeMs: 0 };
        const [waiting, partial, cancelled, ...others] = newRequests(303);
        assert.ok(waiting && partial && cancelled);
        const ended = others.map((request) => ({ ...request, number: '7'.repeat(900) }));
        const endedSeqs = ended.map((r) => r.seq);
        const countEnded = async (): Promise<number> =>
          (await store.get(endedSeqs)).filter((r) => r !== undefined).length;
        await acceptAll(store, { requests: [waiting, partial, cancelled, ...ended] });
        await store.finish(endedSeqs.map((seq) => doneJob(seq)));
        const known = { factors: SIX, cpuMs: 1, atMs: NOW_MS };
        await store.finish([{ number: LONG_NUMBER, dropLog: false, known, requests: [] }]);
        const worked = [waiting, partial, cancelled];
        for (const request of worked) await store.appendLog(logEntry(request, 20));
        const end = (request: NewRequest, state: Partial<FinalState>): EndedJob => ({
          ...doneJob(request.seq, state),
          number: request.number,
        });
        await store.finish([
          end(partial, { kind: 'partial', finishedAtMs: NOW_MS - 1 }),
          end(cancelled, { kind: 'cancelled', finishedAtMs: NOW_MS - 2 }),
        ]);
        const logs = async (): Promise<number[]> =>
          (await Promise.all(worked.map((r) => store.readLog(r.number)))).map((log) => log.chunks.length);
        const pruneBy = async (bytes: number): Promise<void> => {
          const bytesMax = (await store.stats()).bytes - bytes;
          await pruneAll(store, { ...now, bytesMax });
        };

        await pruneBy(1);
        assert.deepEqual(await logs(), [20, 20, 0]);
        await pruneBy(1);
        assert.deepEqual(await logs(), [20, 0, 0]);
        assert.equal(await countEnded(), 300);

        await pruneBy(100_000);
        const left = await countEnded();
        assert.ok(left > 0 && left < 300, `${left} ended requests are left`);
        assert.deepEqual(await store.known([LONG_NUMBER]), [SIX]);

        await pruneAll(store, { ...now, bytesMax: 0 });
        assert.equal(await countEnded(), 0);
        assert.deepEqual(await store.known([LONG_NUMBER]), [undefined]);
        assert.equal((await store.get([waiting.seq]))[0]?.state.kind, 'queued');
        assert.deepEqual(await logs(), [20, 0, 0]);
      }));

    test('answers stay for ten minutes from their end, or from when that was told, however large the store is', () =>
      withStore(async (store) => {
        const callbackUrl = 'https://hooks.example/';
        const requests = [...newRequests(2), ...newRequests(2, { seq: seqNo(2), callbackUrl })];
        for (const request of requests) await acceptAll(store, { requests: [request] });
        const [young = 0, old_ = 0, told = 0, due = 0] = requests.map(({ seq }) => seq);
        const nowMs = Date.now();
        const longAgoMs = nowMs - ANSWER_MS_MIN - 1;
        await store.finish([
          doneJob(young, { finishedAtMs: nowMs - ANSWER_MS_MIN }),
          doneJob(old_, { finishedAtMs: longAgoMs }),
        ]);
        for (const seq of [told, due]) {
          const job = doneJob(seq, { finishedAtMs: longAgoMs });
          await store.finish([{ ...job, requests: job.requests.map((r) => ({ ...r, called: true })) }]);
        }
        const delivery = { status: 'delivered', sequence: 1, attempts: 1 } as const;
        await store.recordAttempt({ seq: told, wasDueAtMs: longAgoMs, delivery, timeline: [] });
        await pruneAll(store, { endedBeforeMs: 0, nowMs, bytesMax: 0 });
        const left = (await store.get(requests.map(({ seq }) => seq))).map((r) => r?.seq);
        assert.deepEqual(left, [young, undefined, told, due]);
      }));

    const dayLong = (key: string, request: NewRequest) => ({
      requests: [request],
      idempotency: { key, fingerprint: 'f', expiresAtMs: NOW_MS + DAY_MS },
    });
    const held = async (store: Store, keys: readonly string[]): Promise<string[]> => {
      const asked = keys.map((key) => ({ callerId: 'acme', key }));
      const answers = await store.heldKeys(asked, NOW_MS);
      return keys.filter((_, i) => answers[i]);
    };

    /** Accepts requests under keys of their own and lets them end and go; resolves to the keys, which stand for nothing any more. */
    async function leaveKeys(store: Store, requests: readonly NewRequest[]): Promise<string[]> {
      const keys = requests.map(({ seq }) => `left of ${seq}`);
      await Promise.all(requests.map((request, i) => store.accept(dayLong(keys[i] ?? '', request))));
      await store.finish(requests.map(({ seq }) => doneJob(seq, { finishedAtMs: NOW_MS - 1 })));
      await pruneAll(store, limits);
      return keys;
    }

    test('above its size keys of which nothing is left go, before answers', () =>
      withStore(async (store) => {
        const keys = await leaveKeys(store, newRequests(600, old));
        const [kept] = newRequests(1);
        assert.ok(kept);
        await store.accept(dayLong('z', kept));
        await store.finish([doneJob(kept.seq)]);
        assert.equal((await held(store, keys)).length, 600, 'there is room');
        const bytesMax = (await store.stats()).bytes - 1;
        await pruneAll(store, { ...later, endedBeforeMs: 0, bytesMax });
        const some = (await held(store, keys)).length;
        assert.ok(some > 0 && some < 600, `${some} keys are left`);
        assert.equal((await store.get([kept.seq]))[0]?.state.kind, 'done');
        await pruneAll(store, { ...later, endedBeforeMs: 0, bytesMax: 0 });
        assert.deepEqual(await held(store, [...keys, 'z']), []);
      }));

    test('above its size keys of which nothing is left go however many others expire before them', () =>
      withStore(async (store) => {
        const waiting = newRequests(1_200);
        const names = waiting.map((_, i) => `before ${i}`);
        await Promise.all(waiting.map((request, i) => store.accept(dayLong(names[i] ?? '', request))));
        const keys = await leaveKeys(store, newRequests(300, { ...old, seq: seqNo(2_000) }));
        await pruneAll(store, { ...later, endedBeforeMs: 0, bytesMax: 0 });
        assert.deepEqual(await held(store, [...names, ...keys]), names);
      }));

    test('above its size keys of what has ended, and cannot be deleted yet, go last; those of the last ten minutes and of what waits stay', () =>
      withStore(async (store) => {
        const nowMs = NOW_MS + ANSWER_MS_MIN;
        const [waiting, young, due] = newRequests(3, { callbackUrl: 'https://hooks.example/' });
        assert.ok(waiting && young && due);
        for (const request of [waiting, young, due])
          await store.accept(dayLong(String(request.seq), request));
        const ends = [
          doneJob(young.seq, { finishedAtMs: NOW_MS }),
          doneJob(due.seq, { finishedAtMs: NOW_MS - 1 }),
        ];
        await store.finish(
          ends.map((job) => ({ ...job, requests: job.requests.map((r) => ({ ...r, called: true })) })),
        );
        const known = { factors: SIX, cpuMs: 1, atMs: NOW_MS };
        await store.finish([{ number: LONG_NUMBER, dropLog: false, known, requests: [] }]);
        await pruneAll(store, { endedBeforeMs: 0, nowMs, bytesMax: 0 });
        const keys = [waiting, young, due].map(({ seq }) => String(seq));
        assert.deepEqual(await held(store, keys), keys.slice(0, 2));
        assert.equal((await store.get([due.seq]))[0]?.delivery?.status, 'pending');
        assert.deepEqual(await store.known([LONG_NUMBER]), [undefined]);
      }));

    test('known numbers go with age, keys when they expire', () =>
      withStore(async (store) => {
        const remember = (number: string, atMs: number): EndedJob => ({
          number,
          dropLog: false,
          known: { factors: SIX, cpuMs: 1, atMs },
          requests: [],
        });
        await store.finish([remember(LONG_NUMBER, NOW_MS - 1), remember(`${LONG_NUMBER}0`, NOW_MS)]);
        for (const [i, key] of ['old', 'young'].entries()) {
          const idempotency = { key, fingerprint: 'f', expiresAtMs: NOW_MS + i };
          await acceptAll(store, { requests: newRequests(1, { ...old, seq: 10 + i }), idempotency });
        }
        assert.equal(
          (await pruneAll(store, limits)).reduce((sum, n) => sum + n),
          2,
        );
        assert.deepEqual(await store.known([LONG_NUMBER, `${LONG_NUMBER}0`]), [undefined, SIX]);
        const kinds = ['old', 'young'].map(async (key, i) => {
          const idempotency = { key, fingerprint: 'other', expiresAtMs: NOW_MS + DAY_MS };
          return (await acceptAll(store, { requests: newRequests(1, { ...old, seq: 20 + i }), idempotency }))
            .kind;
        });
        assert.deepEqual(await Promise.all(kinds), ['accepted', 'conflict']);
      }));

    test('a log goes once it has been idle for long enough: not while its request waits, however old, or may still be resumed', () =>
      withStore(async (store) => {
        const requests = newRequests(4, old) as [NewRequest, NewRequest, NewRequest, NewRequest];
        const [, partial, resumed, forgotten] = requests;
        await acceptAll(store, { requests });
        for (const request of requests) await store.appendLog(logEntry(request, 1));
        const endAt = (request: NewRequest, finishedAtMs: number): EndedJob => ({
          ...doneJob(request.seq, { kind: 'partial', finishedAtMs }),
          number: request.number,
        });
        await store.finish([
          endAt(partial, NOW_MS),
          endAt(resumed, NOW_MS - 1),
          endAt(forgotten, NOW_MS - 1),
        ]);
        assert.equal(await store.requeue(resumed.seq, 9, []), true);
        await pruneAll(store, limits);
        const left = await Promise.all(requests.map(({ number }) => store.readLog(number)));
        assert.deepEqual(
          left.map((log) => log.chunks.length),
          [1, 1, 1, 0],
        );
        // What is appended after the end, by a save under way, does not make it wait for ever.
        await store.appendLog(logEntry(partial, 1));
        await pruneAll(store, { ...limits, endedBeforeMs: NOW_MS + 1 });
        assert.deepEqual((await store.readLog(partial.number)).chunks, []);
      }));
  });
}

/** What a job appends to its log while it works for `request`. */
function logEntry({ number, seq }: NewRequest, chunks: number): JobLogEntry {
  return {
    number,
    chunks: Array.from({ length: chunks }, () => new Uint8Array(20_000)),
    cpuMs: 1,
    started: [{ seq, startedAtMs: NOW_MS, budgetFromMs: 0 }],
    atMs: NOW_MS,
  };
}
