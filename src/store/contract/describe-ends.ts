/** Contract of `finish` and `requeue`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Factor } from '../../domain/factorization.ts';
import type { FinalState, TimelineEvent } from '../../domain/request.ts';
import {
  doneJob,
  FIRST_SEQ,
  newRequests,
  NOW_MS,
  seqNo,
  SIX,
  withStore as inNewHome,
  type MakeHome,
} from './store-fixture.ts';

export function describeEnds(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: finishing`, () => {
    test('each end is stored with all that belongs to it', () =>
      withStore(async (store, reopen) => {
        const parts: readonly Factor[] = [
          { prime: 2n, exponent: 5, certainty: 'proven' },
          { prime: 10n ** 80n + 129n, exponent: 1, certainty: 'probable' },
          { prime: 10n ** 99n, exponent: 2, certainty: 'composite' },
        ];
        const times = { startedAtMs: NOW_MS + 1, finishedAtMs: NOW_MS + 2, cpuMs: 0.25 };
        const states: FinalState[] = [
          { kind: 'done', ...times, factors: SIX },
          { kind: 'done', finishedAtMs: NOW_MS, cpuMs: 0, factors: [] },
          { kind: 'partial', ...times, factors: parts },
          { kind: 'failed', ...times, code: 'job_broke_workers', reason: 'it hung (3 times)' },
          { kind: 'cancelled', finishedAtMs: NOW_MS, cpuMs: 0 },
        ];
        const timeline: TimelineEvent[] = [
          { event: 'started', atMs: NOW_MS },
          { event: 'paused', atMs: NOW_MS, times: 3, lastResumedAtMs: NOW_MS + 1 },
          { event: 'finished', atMs: NOW_MS, status: 'done', source: 'shared' },
        ];
        const requests = newRequests(states.length);
        await store.accept({ requests });
        const ended = states.map((state, i) => ({ seq: seqNo(i), state, timeline }));
        const finished = [...(await store.finish([{ number: '6', dropLog: true, requests: ended }])).keys()];
        assert.deepEqual(
          finished,
          requests.map((r) => r.seq),
        );
        const stored = await (await reopen()).get(finished);
        assert.deepEqual(
          stored,
          requests.map((request, i) => ({ ...request, state: states[i], timeline })),
        );
      }));

    test('a request is ended once, and what is ended or gone stays as it is', () =>
      withStore(async (store) => {
        await store.accept({ requests: newRequests(2) });
        const cancelled = { kind: 'cancelled', finishedAtMs: NOW_MS, cpuMs: 0 } as const;
        const [first, second, third] = await Promise.all([
          store.finish([doneJob(FIRST_SEQ, cancelled)]),
          store.finish([doneJob(FIRST_SEQ), doneJob(seqNo(1)), doneJob(404)]),
          store.finish([doneJob(seqNo(1))]),
        ]);
        assert.deepEqual(
          [first, second, third],
          [new Map([[FIRST_SEQ, 0]]), new Map([[seqNo(1), 0]]), new Map()],
        );
        const stored = await store.get([FIRST_SEQ, seqNo(1)]);
        assert.deepEqual(
          stored.map((r) => r?.state.kind),
          ['cancelled', 'done'],
        );
        assert.equal((await store.stats()).queued, 0);
      }));

    test('a partial request goes back to the queue with what is known of it, and only a partial one', () =>
      withStore(async (store) => {
        await store.accept({ requests: newRequests(2) });
        await store.finish([doneJob(FIRST_SEQ, { kind: 'partial' }), doneJob(seqNo(1))]);
        const timeline: TimelineEvent[] = [{ event: 'resumed', atMs: NOW_MS }];
        assert.equal(await store.requeue(FIRST_SEQ, 42, timeline), true);
        assert.equal(await store.requeue(FIRST_SEQ, 43, timeline), false);
        assert.equal(await store.requeue(seqNo(1), 43, timeline), false);
        assert.equal(await store.requeue(404, 43, timeline), false);
        const [queued] = await store.get([FIRST_SEQ]);
        const state = { kind: 'queued', cpuMs: 1, factors: SIX };
        assert.deepEqual(queued, { ...newRequests(1)[0], ordinal: 42, timeline, state });
        assert.deepEqual(await store.backlog(), [{ callerId: 'acme', count: 1, ordinalMax: 42 }]);
      }));
  });
}
