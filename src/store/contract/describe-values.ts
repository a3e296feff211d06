/** Contract of values: kept under the latest terms, found by their primes, gone when they expire. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Factor } from '../../domain/factorization.ts';
import { COMMIT_ROWS_MAX } from '../../domain/limits.ts';
import { seqAt, SEQ_STRIDE } from '../../domain/request-id.ts';
import type { NewRequest } from '../../domain/request.ts';
import type { StoredValue } from '../../domain/value.ts';
import { numberOfLine, valueLine } from '../../domain/value-line.ts';
import type { ValueQuery } from '../store.ts';
import {
  DAY_MS,
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

const SCOPE = '';

export function describeValues(name: string, makeHome: MakeHome): void {
  const withStore = inNewHome.bind(null, makeHome);

  describe(`${name}: values`, () => {
    test('a value is there with its factors and terms after the store was opened again, in its scope alone', () =>
      withStore(async (store, reopen) => {
        const kept = [six(), { ...value([7n, 7n]), expiresAtMs: NOW_MS + 1 }, value([])];
        await store.putValues('acme', kept);
        const again = await reopen();
        const numbers = ['6', '5', '49', '1'];
        assert.deepEqual(await again.values('acme', numbers, NOW_MS), [kept[0], undefined, kept[1], kept[2]]);
        assert.deepEqual(
          await again.values('globex', numbers, NOW_MS),
          numbers.map(() => undefined),
        );
        assert.deepEqual(await again.valuesOf(ofPrime('7', { scope: 'acme' })), ['49 7^2']);
        assert.deepEqual(await again.valuesOf(ofPrime('7', { scope: 'globex' })), []);
      }));

    test('values of a prime ascend by size whatever their length, also of 1,000 digits and of primes as long', () =>
      withStore(async (store) => {
        const long = 10n ** 990n + 7n;
        const kept = [value([2n, 3n]), value([3n, 2n ** 59n]), value([3n, 2n ** 63n]), value([3n, long])];
        await store.putValues(SCOPE, kept.toReversed());
        assert.deepEqual(await store.valuesOf(ofPrime('3')), kept.map(valueLine));
        assert.deepEqual(await store.valuesOf(ofPrime(String(long))), kept.slice(3).map(valueLine));
        assert.deepEqual(await store.valuesOf(ofPrime('5')), []);
      }));

    test('the 10,000 values of one prime are read in pages, ascending, each once', () =>
      withStore(async (store) => {
        const kept = Array.from({ length: 10_000 }, (_, i) => value([5n, BigInt(10_007 + 2 * i)]));
        const shuffled = kept.toSorted((a, b) => (b.version % 7) - (a.version % 7));
        for (let i = 0; i < kept.length; i += COMMIT_ROWS_MAX)
          await store.putValues(SCOPE, shuffled.slice(i, i + COMMIT_ROWS_MAX));
        const found: string[] = [];
        for (;;) {
          const after = found.length > 0 ? numberOfLine(found.at(-1) ?? '') : undefined;
          const page = await store.valuesOf(
            ofPrime('5', { limit: 3_000, ...(after !== undefined && { after }) }),
          );
          found.push(...page);
          if (page.length < 3_000) break;
        }
        assert.deepEqual(found, kept.map(valueLine));
      }));

    test('what has expired is not answered, and a page goes on behind it', () =>
      withStore(async (store) => {
        const expired = Array.from({ length: 3_000 }, (_, i) => ({
          ...value([5n, BigInt(101 + i)]),
          expiresAtMs: NOW_MS,
        }));
        const kept = value([5n, 1_000_003n]);
        for (let i = 0; i < expired.length; i += COMMIT_ROWS_MAX)
          await store.putValues(SCOPE, expired.slice(i, i + COMMIT_ROWS_MAX));
        await store.putValues(SCOPE, [kept]);
        assert.deepEqual(await store.valuesOf(ofPrime('5', { limit: 1 })), [valueLine(kept)]);
        assert.deepEqual(await store.values(SCOPE, [expired[0]?.number ?? ''], NOW_MS), [undefined]);
        assert.equal((await store.valuesOf(ofPrime('5', { nowMs: NOW_MS - 1 }))).length, 3_001);
      }));

    test('retention takes values that have expired, with all that finds them, in small steps; the others stay', () =>
      withStore(async (store) => {
        const bounded = Array.from({ length: COMMIT_ROWS_MAX }, (_, i) => ({
          ...value([5n, BigInt(101 + i)]),
          expiresAtMs: NOW_MS + i,
        }));
        const forever = value([5n, 7n]);
        await store.putValues(SCOPE, bounded);
        await store.putValues(SCOPE, [forever]);
        const limits = { endedBeforeMs: 0, bytesMax: Infinity };
        const steps = await pruneAll(store, { ...limits, nowMs: NOW_MS + DAY_MS });
        assert.ok(steps.length > 1 && steps.every((n) => n <= 500), steps.join());
        assert.deepEqual(await store.valuesOf(ofPrime('5', { nowMs: 0 })), [valueLine(forever)]);
        assert.deepEqual(await store.valuesOf(ofPrime('101', { nowMs: 0 })), []);
        // Kept anew, it is found again.
        await store.putValues(SCOPE, bounded.slice(0, 1));
        assert.deepEqual(
          await store.valuesOf(ofPrime('101', { nowMs: 0 })),
          bounded.slice(0, 1).map(valueLine),
        );
      }));

    test('the latest terms hold, in whatever order they are heard of, and make a value last longer, shorter or for good', () =>
      fc.assert(
        fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5 }), fc.nat(31), (order, puts) =>
          withStore(async (store) => {
            // Of terms, versions 1 to 5: later, sooner, for good, sooner, later.
            const all = [9, 5, undefined, 3, 7].map((days, i) => ({
              ...terms(days),
              number: '6',
              version: FIRST_SEQ + i + 1,
            }));
            await store.putValues(SCOPE, [six({ version: FIRST_SEQ })]);
            for (const i of order) {
              const given = all[i - 1];
              assert.ok(given);
              // A POST here, or one that another replica took.
              if ((puts >> (i - 1)) & 1) await store.putValues(SCOPE, [{ ...given, factors: SIX }]);
              else await store.renewValues(SCOPE, [given, { ...given, number: '35' }], NOW_MS);
            }
            const expected = { ...all[4], factors: SIX };
            assert.deepEqual(await store.values(SCOPE, ['6', '35'], NOW_MS), [expected, undefined]);
          }),
        ),
        { numRuns: 12 },
      ));

    test('a renewal that was accepted before a value expired counts however late it comes, one accepted after that does not', () =>
      withStore(async (store, reopen) => {
        const expiresAtMs = NOW_MS + 1_000;
        const renewed = { ...six(), expiresAtMs };
        const expired = { ...value([5n, 7n]), expiresAtMs };
        await store.putValues(SCOPE, [renewed, expired]);
        const again = await reopen();
        const lateMs = expiresAtMs + 20_000;
        await pruneAll(again, { endedBeforeMs: 0, nowMs: lateMs, bytesMax: Infinity });
        const [inTime, tooLate] = [seqAt(expiresAtMs - 1), seqAt(expiresAtMs)];
        await again.renewValues(
          SCOPE,
          [
            { number: '6', version: inTime, expiresAtMs: NOW_MS + DAY_MS },
            { number: '35', version: tooLate },
          ],
          lateMs,
        );
        assert.deepEqual(await again.values(SCOPE, ['6', '35'], lateMs), [
          { ...renewed, version: inTime, expiresAtMs: NOW_MS + DAY_MS },
          undefined,
        ]);
        // A replica whose clock is ahead of ours renews what has not expired here.
        const ahead = { number: '6', version: seqAt(NOW_MS + 2 * DAY_MS) };
        await again.renewValues(SCOPE, [ahead], lateMs);
        assert.deepEqual(await again.values(SCOPE, ['6'], lateMs), [{ ...ahead, factors: SIX }]);
      }));

    test('a request in mode values that is done keeps its number as a value, and no other does', () =>
      withStore(async (store) => {
        const keep = { expiresAtMs: NOW_MS + DAY_MS };
        const requests = [
          ...newRequests(2, { mode: 'values', number: '6', keep }),
          ...newRequests(1, { mode: 'values', number: '15', keep, seq: seqNo(2) }),
          ...newRequests(1, { mode: 'queued', number: '35', seq: seqNo(3) }),
        ];
        await store.accept({ requests: requests.slice(0, 2) });
        for (const request of requests.slice(2)) await store.accept({ requests: [request] });
        const stored = await store.get(requests.map(({ seq }) => seq));
        assert.deepEqual(
          stored.map((request) => request?.keep),
          [keep, keep, keep, undefined],
        );
        await store.finish([
          doneJob(FIRST_SEQ),
          doneJob(seqNo(1)),
          doneJob(seqNo(2), { kind: 'partial' }),
          doneJob(seqNo(3)),
        ]);
        assert.deepEqual(await store.values(SCOPE, ['6', '15', '35'], NOW_MS), [
          { number: '6', factors: SIX, version: seqNo(1), ...keep },
          undefined,
          undefined,
        ]);
      }));

    test('a renewal that is heard of while a request for its number still waits holds once that is done, over restarts too', () =>
      withStore(async (store, reopen) => {
        const keep = { expiresAtMs: NOW_MS + 1_000 };
        const numbers = ['6', '35', '15', '21'];
        const requests = numbers.map(
          (number, i) =>
            newRequests(1, { mode: i === 3 ? 'queued' : 'values', number, keep, seq: seqNo(i + 1) })[0],
        ) as NewRequest[];
        for (const request of requests) await store.accept({ requests: [request] });
        await store.renewValues(SCOPE, [{ number: '6', version: seqNo(10), ...terms(1) }], NOW_MS);
        const later = [
          { number: '6', version: seqNo(11), ...terms(2) },
          // Accepted before the request, or after its terms had run out.
          { number: '35', version: FIRST_SEQ, ...terms(3) },
          { number: '15', version: seqAt(NOW_MS + 2_000), ...terms(3) },
          // Nothing is to be kept.
          { number: '21', version: seqNo(10), ...terms(3) },
          { number: '77', version: seqNo(10), ...terms(3) },
        ];
        await store.renewValues(SCOPE, later, NOW_MS + 5_000);
        await store.renewValues('globex', [{ number: '6', version: seqNo(12), ...terms(3) }], NOW_MS);
        const again = await reopen();
        assert.deepEqual(await again.renewalShards(), []);
        // The first is resumed before it is done.
        await again.finish([doneJob(seqNo(1), { kind: 'partial' })]);
        await again.requeue(seqNo(1), 0, []);
        await again.finish(requests.map(({ seq }) => doneJob(seq)));
        const kept = numbers.map((number, i) => ({ number, factors: SIX, version: seqNo(i + 1), ...keep }));
        assert.deepEqual(await again.values(SCOPE, [...numbers, '77'], NOW_MS), [
          { ...later[0], factors: SIX },
          kept[1],
          kept[2],
          undefined,
          undefined,
        ]);
      }));

    test('such a renewal is forgotten with the last request that waited', () =>
      withStore(async (store) => {
        const limits = { endedBeforeMs: 0, nowMs: NOW_MS, bytesMax: Infinity };
        await store.accept({ requests: newRequests(1, { mode: 'values', number: '6' }) });
        await store.renewValues(SCOPE, [{ number: '6', version: seqNo(9) }], NOW_MS);
        assert.deepEqual(await pruneAll(store, limits), []);
        await store.finish([doneJob(FIRST_SEQ, { kind: 'cancelled' })]);
        assert.deepEqual(await pruneAll(store, limits), [1]);
      }));

    test('after a restart no version is given a second time, also if no request ever had it', () =>
      withStore(async (store, reopen) => {
        await store.putValues(SCOPE, [six({ version: seqNo(9) })]);
        assert.equal((await (await reopen()).stats()).lastSeq, seqNo(9));
      }));

    test('in mode values, a number that is kept is done at once and kept under the new terms; one that has expired is not', () =>
      withStore(async (store) => {
        await store.putValues(SCOPE, [
          six({ expiresAtMs: NOW_MS + 1 }),
          value([5n, 7n], { expiresAtMs: NOW_MS }),
        ]);
        const requests = ['6', '35', '10'].map(
          (number, i) => newRequests(1, { mode: 'values', number, seq: seqNo(i) })[0] as NewRequest,
        );
        assert.deepEqual(await store.accept({ requests }), {
          kind: 'accepted',
          known: [SIX, undefined, undefined],
        });
        assert.deepEqual(await store.values(SCOPE, ['6'], NOW_MS + DAY_MS), [six({ version: FIRST_SEQ })]);
        const [done] = await store.get([FIRST_SEQ]);
        assert.deepEqual(done?.state, { kind: 'done', finishedAtMs: NOW_MS, cpuMs: 0, factors: SIX });
        // Other modes know nothing of values.
        const [plain] = newRequests(1, { number: '6', seq: seqNo(9) });
        assert.ok(plain);
        assert.deepEqual(await store.accept({ requests: [plain] }), { kind: 'accepted', known: [undefined] });
      }));
  });
}

let versions = seqAt(NOW_MS - DAY_MS);

/** The value that is the product of these primes. */
function value(primes: readonly bigint[], given: Partial<StoredValue> = {}): StoredValue {
  const factors = [...new Set(primes)]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((prime): Factor => {
      const exponent = primes.filter((other) => other === prime).length;
      return { prime, exponent, certainty: prime > 2n ** 64n ? 'probable' : 'proven' };
    });
  versions += SEQ_STRIDE;
  return {
    number: String(primes.reduce((product, prime) => product * prime, 1n)),
    factors,
    version: versions,
    ...given,
  };
}

function six(given: Partial<StoredValue> = {}): StoredValue {
  return value([2n, 3n], given);
}

function terms(days: number | undefined): { expiresAtMs?: number } {
  return days === undefined ? {} : { expiresAtMs: NOW_MS + days * DAY_MS };
}

function ofPrime(prime: string, given: Partial<ValueQuery> = {}): ValueQuery {
  return { scope: SCOPE, prime, limit: 10_000, nowMs: NOW_MS, ...given };
}
