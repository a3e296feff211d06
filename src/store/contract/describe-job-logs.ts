/** Contract of `appendLog`, `readLog` and `recordBreak`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewRequest } from '../../domain/request.ts';
import type { Store } from '../store.ts';
import {
  doneJob,
  FIRST_SEQ,
  newRequests,
  NOW_MS,
  seqNo,
  withStore as inNewHome,
  type MakeHome,
} from './store-fixture.ts';

export function describeJobLogs(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: logs of jobs`, () => {
    const entry = (number: string, chunk: number, seq?: number): Parameters<Store['appendLog']>[0] => ({
      number,
      chunks: [new Uint8Array([chunk]), new Uint8Array(60_000).fill(chunk)],
      cpuMs: chunk * 10,
      started: seq === undefined ? [] : [{ seq, startedAtMs: NOW_MS + 5, budgetFromMs: 7 }],
      atMs: NOW_MS,
    });

    test('a log is read in the order in which it was appended, and there is none of another number', () =>
      withStore(async (store, reopen) => {
        await Promise.all(
          [1, 2, 3].flatMap((n) => [store.appendLog(entry('77', n)), store.appendLog(entry('91', -n))]),
        );
        const again = await reopen();
        const log = await again.readLog('77');
        const chunks = [1, 2, 3].flatMap((n) => entry('77', n).chunks);
        assert.deepEqual(
          { ...log, chunks: log.chunks.map((c) => new Uint8Array(c)) },
          { chunks, cpuMs: 30, breaks: 0 },
        );
        assert.deepEqual(await again.readLog('5'), { chunks: [], cpuMs: 0, breaks: 0 });
      }));

    test('it notes when requests were started and their budgets began, if they are still queued', () =>
      withStore(async (store) => {
        await store.accept({ requests: newRequests(2) });
        await store.finish([doneJob(seqNo(1))]);
        await store.appendLog(entry('77', 1, FIRST_SEQ));
        await store.appendLog(entry('77', 1, seqNo(1)));
        const [queued, done] = await store.get([FIRST_SEQ, seqNo(1)]);
        assert.deepEqual(queued?.state, { kind: 'queued', startedAtMs: NOW_MS + 5, budgetFromMs: 7, cpuMs: 7 });
        assert.equal(done?.state.startedAtMs, undefined);
      }));

    test('a request under way is read with what its number has had, once it is on disk', () =>
      withStore(async (store, reopen) => {
        await store.accept({ requests: newRequests(2) });
        const [{ number, callerId }] = newRequests(1) as [NewRequest];
        await store.appendLog(entry(number, 1, FIRST_SEQ));
        await store.appendLog(entry(number, 300, FIRST_SEQ));
        const again = await reopen();
        const [[one, other], [queued], { requests }] = await Promise.all([
          again.get([FIRST_SEQ, seqNo(1)]),
          again.queued([{ callerId, afterSeq: 0, limit: 1 }]),
          again.list({ limit: 2 }),
        ]);
        const state = { kind: 'queued', startedAtMs: NOW_MS + 5, budgetFromMs: 7, cpuMs: 3_000 };
        assert.deepEqual([one, queued?.[0], requests[1]].map((request) => request?.state), [state, state, state]);
        assert.deepEqual(other?.state, { kind: 'queued' });
      }));

    test('a log of any length is read whole, with chunks of any size, and nobody waits behind it', () =>
      withStore(async (store) => {
        const sizes = Array.from({ length: 1_000 }, (_, i) => [0, 1, 300, 65_536, 20_000][i % 5] ?? 0);
        const chunks = sizes.map((size, i) => new Uint8Array(size).fill(i));
        for (let i = 0; i < chunks.length; i += 50)
          await store.appendLog({ ...entry('77', 1), chunks: chunks.slice(i, i + 50) });
        const order: string[] = [];
        const reading = store.readLog('77').finally(() => order.push('the log'));
        await store.get([1]).finally(() => order.push('a request'));
        const log = await reading;
        assert.deepEqual(order, ['a request', 'the log']);
        assert.deepEqual(
          log.chunks.map((chunk) => chunk.length),
          sizes,
        );
        assert.ok(log.chunks.every((chunk, i) => chunk.every((byte) => byte === i % 256)));
      }));

    test('a log goes when its job says so, and a new one begins empty', () =>
      withStore(async (store) => {
        await store.appendLog(entry('77', 1));
        await store.finish([{ number: '77', dropLog: false, requests: [] }]);
        assert.equal((await store.readLog('77')).chunks.length, 2);
        await store.finish([{ number: '77', dropLog: true, requests: [] }]);
        assert.deepEqual(await store.readLog('77'), { chunks: [], cpuMs: 0, breaks: 0 });
        await store.appendLog(entry('77', 2));
        assert.equal((await store.readLog('77')).chunks.length, 2);
      }));

    test('breaks are counted, and dropped with the log', () =>
      withStore(async (store, reopen) => {
        assert.deepEqual(await Promise.all([store.recordBreak('77'), store.recordBreak('77')]), [1, 2]);
        await store.appendLog(entry('77', 4));
        const again = await reopen();
        assert.equal(await again.recordBreak('77'), 3);
        const { cpuMs, breaks } = await again.readLog('77');
        assert.deepEqual([cpuMs, breaks], [40, 3]);
        await again.finish([{ number: '77', dropLog: true, requests: [] }]);
        assert.equal(await again.recordBreak('77'), 1);
      }));
  });
}
