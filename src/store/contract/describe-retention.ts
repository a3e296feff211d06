/** Contract of `prune`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KNOWN_DIGITS_MIN } from '../../domain/limits.ts';
import { seqAt } from '../../domain/request-id.ts';
import type { NewRequest } from '../../domain/request.ts';
import type { EndedJob } from '../store.ts';
import {
  DAY_MS,
  doneJob,
  newRequests,
  NOW_MS,
  pruneAll,
  SIX,
  withStore as inNewHome,
  type MakeHome,
} from './store-fixture.ts';

const LONG_NUMBER = '1'.repeat(KNOWN_DIGITS_MIN);

export function describeRetention(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: retention`, () => {
    const limits = { endedBeforeMs: NOW_MS, nowMs: NOW_MS, bytesMax: Infinity };
    const old = { seq: seqAt(NOW_MS - 30 * DAY_MS), acceptedAtMs: NOW_MS - 30 * DAY_MS };

    test('ended requests go once they ended long enough ago, in small steps; those waiting never do', () =>
      withStore(async (store) => {
        const requests = newRequests(900, old);
        const seqs = requests.map((r) => r.seq);
        await store.accept({ requests });
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
        await store.accept({ requests });
        const seqs = requests.map((r) => r.seq);
        const ended = seqs.slice(0, 3_000).map((seq, i) => doneJob(seq, { finishedAtMs: NOW_MS + i }));
        for (let i = 0; i < ended.length; i += 1_000) await store.finish(ended.slice(i, i + 1_000));
        const { bytes } = await store.stats();
        const bytesMax = Math.round(bytes * 0.8);
        assert.ok((await pruneAll(store, { ...limits, bytesMax })).length > 0);
        assert.ok((await store.stats()).bytes <= bytesMax);
        const left = (await store.get(seqs)).map((r) => r !== undefined);
        const gone = left.lastIndexOf(false) + 1;
        assert.ok(gone >= 300 && gone < 3_000, `${gone} are gone`);
        assert.ok(
          left.slice(0, gone).every((there) => !there),
          'The oldest go first',
        );
        await pruneAll(store, { ...limits, bytesMax: 1 });
        assert.deepEqual(await store.backlog(), [{ callerId: 'acme', count: 1_000, ordinalMax: 3_999 }]);
      }));

    test('above its size, logs that nobody waits for go first, then ended requests, then known numbers', () =>
      withStore(async (store) => {
        const minuteLater = { ...limits, endedBeforeMs: 0, nowMs: NOW_MS + 120_000 };
        const [waiting, partial, ...others] = newRequests(302);
        assert.ok(waiting && partial);
        const ended = others.map((request) => ({ ...request, number: '7'.repeat(900) }));
        const endedSeqs = ended.map((r) => r.seq);
        const countEnded = async (): Promise<number> =>
          (await store.get(endedSeqs)).filter((r) => r !== undefined).length;
        await store.accept({ requests: [waiting, partial, ...ended] });
        await store.finish(endedSeqs.map((seq) => doneJob(seq)));
        await store.finish([
          { ...doneJob(partial.seq, { kind: 'partial', finishedAtMs: NOW_MS }), number: partial.number },
          {
            number: LONG_NUMBER,
            dropLog: false,
            known: { factors: SIX, cpuMs: 1, atMs: NOW_MS },
            requests: [],
          },
        ]);
        const numbers = [waiting.number, partial.number, '77', '91'];
        const chunks = Array.from({ length: 20 }, () => new Uint8Array(20_000));
        for (const [i, number] of numbers.entries()) {
          const atMs = i === 3 ? minuteLater.nowMs : NOW_MS;
          await store.appendLog({ number, chunks, cpuMs: 1, started: [], atMs });
        }
        const logs = async (): Promise<number[]> =>
          (await Promise.all(numbers.map((n) => store.readLog(n)))).map((log) => log.chunks.length);
        const pruneTo = async (share: number): Promise<void> => {
          const { bytes } = await store.stats();
          await pruneAll(store, { ...minuteLater, bytesMax: Math.round(bytes * share) });
        };

        await pruneTo(0.85);
        assert.deepEqual(await logs(), [20, 20, 0, 20]);
        assert.equal(await countEnded(), 300);

        await pruneTo(0.95);
        const left = await countEnded();
        assert.ok(left > 0 && left < 300, `${left} ended requests are left`);
        assert.deepEqual(await store.known([LONG_NUMBER]), [SIX]);

        await pruneTo(0);
        assert.equal(await countEnded(), 0);
        assert.deepEqual(await store.known([LONG_NUMBER]), [undefined]);
        assert.equal((await store.get([waiting.seq]))[0]?.state.kind, 'queued');
        assert.equal((await logs())[0], 20);
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
          await store.accept({ requests: newRequests(1, { ...old, seq: 10 + i }), idempotency });
        }
        assert.equal(
          (await pruneAll(store, limits)).reduce((sum, n) => sum + n),
          2,
        );
        assert.deepEqual(await store.known([LONG_NUMBER, `${LONG_NUMBER}0`]), [undefined, SIX]);
        const kinds = ['old', 'young'].map(async (key, i) => {
          const idempotency = { key, fingerprint: 'other', expiresAtMs: NOW_MS + DAY_MS };
          return (await store.accept({ requests: newRequests(1, { ...old, seq: 20 + i }), idempotency }))
            .kind;
        });
        assert.deepEqual(await Promise.all(kinds), ['accepted', 'conflict']);
      }));

    test('an old log goes, unless somebody waits for it or may still resume it', () =>
      withStore(async (store) => {
        const append = (number: string, atMs: number): Promise<void> =>
          store.appendLog({ number, chunks: [new Uint8Array(9)], cpuMs: 1, started: [], atMs });
        const [waiting, partial] = newRequests(2, old) as [NewRequest, NewRequest];
        await store.accept({ requests: [waiting, partial] });
        for (const number of [waiting.number, partial.number, '77'])
          await append(number, NOW_MS - 9 * DAY_MS);
        await append('91', NOW_MS);
        const job = doneJob(partial.seq, { kind: 'partial', finishedAtMs: NOW_MS });
        await store.finish([{ ...job, number: partial.number }]);
        await pruneAll(store, limits);
        const left = await Promise.all(
          [waiting.number, partial.number, '91', '77'].map((n) => store.readLog(n)),
        );
        assert.deepEqual(
          left.map((log) => log.chunks.length),
          [1, 1, 1, 0],
        );
      }));
  });
}
