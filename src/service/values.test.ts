/** Values as whoever stands above the service meets them: over a real store and real compute threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS } from '../engine/faulty-worker.ts';
import { numberOfLine } from '../domain/value-line.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { StoreError } from '../store/store.ts';
import { setAlarm } from '../../test/support/alarm.ts';
import { until } from '../../test/support/until.ts';
import { newFolder, openReplica, post, type OpenedReplica } from './replica-fixture.ts';
import type { PostValuesResult, ValuesBatchResult, ValuesPage } from './service.ts';
import { storeFacade } from './store-facade.ts';

const WORKER = new URL('../engine/faulty-worker.ts', import.meta.url);
const NEVER = new AbortController().signal;
const LONG_MS = 60_000;
/** 20 digits each, so that their product takes some tens of milliseconds, and is no small number. */
const P = 10_000_000_000_000_000_051n;
const Q = 10_000_000_000_000_000_087n;
/** Takes minutes. */
const HARD = (10n ** 44n + 31n) * (10n ** 45n + 9n);

async function numbersOf({ replica }: OpenedReplica, prime: bigint, callerId = 'acme'): Promise<string[]> {
  const page = await replica.valuesOf({ callerId, prime, limit: 1_000 }, NEVER);
  assert.equal(page.kind, 'values');
  return page.lines.map(numberOfLine);
}

/** `144: 2 2 2 2 3 3`. */
function shown(result: PostValuesResult | ValuesBatchResult): string[] {
  assert.equal(
    result.kind,
    'values',
    JSON.stringify(result, (_, value) => String(value)),
  );
  assert(result.kind === 'values');
  return result.values.map(({ number, factors }) => {
    const primes = factors.flatMap(({ prime, exponent }) => Array.from({ length: exponent }, () => prime));
    return `${number}: ${primes.join(' ')}`;
  });
}

test('numbers of all sizes come back in their order, duplicates and 1 among them, and are kept', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const result = await post(opened, [144n, P * Q, 120n, 1n, 144n, 7n]);
  assert.deepEqual(shown(result), [
    '144: 2 2 2 2 3 3',
    `${P * Q}: ${P} ${Q}`,
    '120: 2 2 2 3 5',
    '1: ',
    '144: 2 2 2 2 3 3',
    '7: 7',
  ]);
  assert.deepEqual(await numbersOf(opened, 3n), ['120', '144']);
  assert.deepEqual(await numbersOf(opened, Q), [String(P * Q)]);
  assert.equal(opened.replica.stats().guests, 0);
});

test('thousands of numbers at once are all factored, whatever groups they go in', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const numbers = Array.from({ length: 5_000 }, (_, i) => 10n ** 15n + BigInt(i));
  const result = await post(opened, numbers);
  assert.equal(result.kind, 'values');
  assert(result.kind === 'values');
  for (const [i, { number, factors }] of result.values.entries()) {
    assert.equal(number, String(numbers[i]));
    assert.equal(
      factors.reduce((product, { prime, exponent }) => product * prime ** BigInt(exponent), 1n),
      numbers[i],
    );
  }
});

test('a page says where the next one begins, and the last one that there is none', async () => {
  await using opened = await openReplica({ worker: WORKER });
  await post(opened, [50n, 5n, 25n, 35n, 6n]);
  const page = (after?: string) =>
    opened.replica.valuesOf({ callerId: 'acme', prime: 5n, limit: 2, ...(after && { after }) }, NEVER);
  const first = (await page()) as ValuesPage;
  assert.deepEqual([first.lines, first.next], [['5 5', '25 5^2'], '25']);
  const last = (await page('25')) as ValuesPage;
  assert.deepEqual([last.lines, last.next], [['35 5 7', '50 2 5^2'], undefined]);
});

test('what takes longer than the wait becomes requests, and is kept when it is done', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const { replica } = opened;
  const result = await post(opened, [15n, HARD, 21n], { waitMs: 1_000 });
  assert(result.kind === 'unfinished', result.kind);
  assert.equal(result.total, 3);
  // On a busy machine the wait may be over before the small ones are done.
  await until('the small ones to be kept', async () => (await numbersOf(opened, 3n)).length === 2);
  assert.deepEqual(await numbersOf(opened, 3n), ['15', '21'], 'what is done is kept already');
  // Where the store takes its time to count, what was last counted is told.
  await until('two of three to be told as done', async () => {
    const waiting = await replica.valuesBatch(result.batchId, 0, NEVER);
    assert(waiting.kind === 'unfinished', waiting.kind);
    assert.equal(waiting.total, 3);
    return waiting.done === 2;
  });
  const { requests } = await replica.list({ mode: 'values', limit: 10 });
  assert.deepEqual(requests.map(({ number }) => number).toReversed(), ['15', String(HARD), '21']);
  assert.equal(replica.stats().guests, 0);
});

test('a batch is answered as soon as its last number is done', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const accepted = await post(opened, [15n, P * Q, 21n], { waitMs: 0 });
  assert(accepted.kind === 'unfinished', accepted.kind);
  const result = await opened.replica.valuesBatch(accepted.batchId, LONG_MS, NEVER);
  assert.deepEqual(shown(result), ['15: 3 5', `${P * Q}: ${P} ${Q}`, '21: 3 7']);
  assert.deepEqual(await numbersOf(opened, P), [String(P * Q)]);
});

test('a batch with a number that ended without its factors names its request', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const { replica } = opened;
  const accepted = await post(opened, [15n, HARD], { waitMs: 0 });
  assert(accepted.kind === 'unfinished', accepted.kind);
  const { requests } = await replica.list({ mode: 'values', limit: 1 });
  const requestId = requests[0]?.requestId ?? '';
  await replica.cancel(requestId);
  const result = await replica.valuesBatch(accepted.batchId, LONG_MS, NEVER);
  assert(result.kind === 'incomplete', result.kind);
  assert.deepEqual([...result.ended], [[1, { requestId, number: String(HARD), status: 'cancelled' }]]);
});

test('ids of batches that were never given out are not found', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const accepted = await post(opened, [15n, 21n], { waitMs: 0 });
  assert(accepted.kind === 'unfinished', accepted.kind);
  const id = accepted.batchId;
  const forged = [
    id.replace(/.-2$/, (end) => (end.startsWith('0') ? '1-2' : '0-2')),
    `${id}0`,
    id.slice(0, 28),
    'x',
  ];
  for (const other of forged)
    assert.equal((await opened.replica.valuesBatch(other, 0, NEVER)).kind, 'not_found', other);
});

test('a caller that hangs up gives its numbers up: nothing of them is left', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const hangingUp = new AbortController();
  const posted = post(opened, [HARD, 15n], { signal: hangingUp.signal });
  await until('the work to begin', () => opened.replica.stats().busyWorkers > 0);
  hangingUp.abort();
  assert.equal((await posted).kind, 'unavailable');
  assert.deepEqual(await numbersOf(opened, 3n), []);
  const { guests, loaded, waiting } = opened.replica.stats();
  assert.deepEqual({ guests, loaded, waiting }, { guests: 0, loaded: 0, waiting: 0 });
});

test('whoever still waits when the service stops is told so, and nothing of its numbers is left', async () => {
  const dataDir = await newFolder();
  {
    await using opened = await openReplica({ worker: WORKER, dataDir });
    const posted = post(opened, [HARD, 15n]);
    opened.replica.stopAccepting();
    const result = await posted;
    assert.equal(result.kind === 'unavailable' && result.code, 'stopping');
  }
  await using again = await openReplica({ worker: WORKER, dataDir });
  assert.equal(again.replica.stats().waiting, 0);
  assert.deepEqual(await numbersOf(again, 3n), []);
});

test('the same call under the same idempotency key gives the same batch, and another call is a conflict', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const idempotency = { key: 'k', fingerprint: 'f' };
  const first = await post(opened, [15n, 21n], { idempotency });
  assert.deepEqual(shown(first), ['15: 3 5', '21: 3 7']);
  assert.deepEqual(shown(await post(opened, [15n, 21n], { idempotency })), shown(first));
  assert.equal(opened.replica.stats().accepted, 2, 'the second call makes no requests');
  const other = await post(opened, [15n], { idempotency: { key: 'k', fingerprint: 'g' } });
  assert.equal(other.kind, 'conflict');
});

test('numbers whose client waits count as waiting', async () => {
  const quotas = { waiting: () => 3, 'per-minute': () => undefined };
  await using opened = await openReplica({ worker: WORKER, settings: { quotas } });
  const hangingUp = new AbortController();
  const first = post(opened, [HARD, HARD + 2n], { signal: hangingUp.signal });
  const refused = await post(opened, [15n, 21n]);
  assert.equal(refused.kind, 'quota_exceeded');
  assert.equal((await post(opened, [15n])).kind, 'values');
  hangingUp.abort();
  await first;
  assert.equal((await post(opened, [15n, 21n, 33n])).kind, 'values');
});

test('one caller cannot take the places of all whose clients wait: beyond its share, its numbers are requests at once', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const hangingUp = new AbortController();
  const hard = Array.from({ length: 500 }, (_, i) => HARD + BigInt(2 * i));
  const parties = Array.from({ length: 20 }, () => post(opened, hard, { signal: hangingUp.signal }));
  const beyond = await post(opened, hard, { waitMs: 200 });
  assert.equal(beyond.kind, 'unfinished');
  assert.equal(opened.replica.stats().guests, 10_000, 'half of all the places');
  const other = await post(opened, [15n], { callerId: 'globex' });
  assert.equal(other.kind, 'values');
  hangingUp.abort();
  await Promise.all(parties);
  assert.equal(opened.replica.stats().guests, 0);
});

for (const [fault, number] of Object.entries(FAULTS)) {
  test(`a number that ${fault} costs its batch nothing but time, and is told as failed`, async () => {
    await using opened = await openReplica({ worker: WORKER, hangMs: fault === 'hangs' ? 2_000 : 60_000 });
    const accepted = await post(opened, [15n, number, 21n]);
    assert(accepted.kind === 'unfinished', accepted.kind);
    const result = await opened.replica.valuesBatch(accepted.batchId, LONG_MS, NEVER);
    assert(result.kind === 'incomplete', result.kind);
    assert.deepEqual(
      [...result.ended.values()].map(({ status, number: which }) => [status, which]),
      [['failed', String(number)]],
    );
  });
}

test('what is accepted is answered as accepted, though the store cannot be read just then', async () => {
  await using store = await openSqliteStore({ dataDir: await newFolder() });
  let isBusy = false;
  const busyStore = storeFacade(store, 'get', (seqs: readonly number[]) =>
    isBusy ? Promise.reject(new StoreError('busy', 'slow')) : store.get(seqs),
  );
  await using opened = await openReplica({ worker: WORKER, settings: { store: busyStore } });
  await post(opened, [15n]);
  isBusy = true;
  const idempotency = { key: 'k', fingerprint: 'f' };
  const accepted = await post(opened, [15n, P * Q], { idempotency, waitMs: 0 });
  assert(accepted.kind === 'unfinished', accepted.kind);
  assert.deepEqual([accepted.done, accepted.total], [1, 2]);
  isBusy = false;
  const result = await opened.replica.valuesBatch(accepted.batchId, LONG_MS, NEVER);
  assert.deepEqual(shown(result), ['15: 3 5', `${P * Q}: ${P} ${Q}`]);
});

test('a batch that is not done is counted, once for all who ask meanwhile, and not read', async () => {
  await using store = await openSqliteStore({ dataDir: await newFolder() });
  const reads: number[] = [];
  let counts = 0;
  const readsWatched = storeFacade(store, 'get', (seqs: readonly number[]) => {
    reads.push(seqs.length);
    return store.get(seqs);
  });
  const watched = storeFacade(readsWatched, 'batchProgress', (batch) => {
    counts++;
    return store.batchProgress(batch);
  });
  await using opened = await openReplica({ worker: WORKER, settings: { store: watched } });
  await post(opened, [15n, 21n]);
  const accepted = await post(opened, [15n, 21n, HARD], { waitMs: 0 });
  assert(accepted.kind === 'unfinished', accepted.kind);
  reads.length = 0;
  const polls = Array.from({ length: 5 }, () => opened.replica.valuesBatch(accepted.batchId, 0, NEVER));
  for (const poll of await Promise.all(polls)) assert.equal(poll.kind === 'unfinished' && poll.done, 2);
  assert.deepEqual({ reads, counts }, { reads: [], counts: 1 });
});

test('a batch that is done and cannot be read in time is told as not finished yet, and is read for the next who asks', async () => {
  await using store = await openSqliteStore({ dataDir: await newFolder() });
  const gate = Promise.withResolvers<void>();
  let isSlow = false;
  const slow = storeFacade(store, 'get', async (seqs: readonly number[]) => {
    if (isSlow) await gate.promise;
    return store.get(seqs);
  });
  await using opened = await openReplica({ worker: WORKER, settings: { store: slow } });
  await post(opened, [15n, 21n]);
  // Done at once, as kept values: so nothing of them is in memory.
  const accepted = await post(opened, [15n, 21n], { waitMs: 0, idempotency: { key: 'k', fingerprint: 'f' } });
  assert.equal(accepted.kind, 'values');
  const { requests } = await opened.replica.list({ mode: 'values', limit: 2 });
  const batchId = `${requests.at(-1)?.requestId}-2`;
  isSlow = true;
  using alarm = setAlarm(1_800);
  const early = await opened.replica.valuesBatch(batchId, 0, NEVER);
  assert.deepEqual(early, { kind: 'unfinished', batchId, done: 2, total: 2 });
  assert.ok(!alarm.hasRung, 'it is told in time, though the store is slow');
  gate.resolve();
  assert.deepEqual(shown(await opened.replica.valuesBatch(batchId, 0, NEVER)), ['15: 3 5', '21: 3 7']);
});

test('where callers do not share, each has values of its own', async () => {
  await using opened = await openReplica({ worker: WORKER, settings: { sharesWork: false } });
  await post(opened, [15n]);
  await post(opened, [21n], { callerId: 'globex' });
  assert.deepEqual(await numbersOf(opened, 3n), ['15']);
  assert.deepEqual(await numbersOf(opened, 3n, 'globex'), ['21']);
});

test('what is no prime has no values, however long it is', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const ask = async (prime: bigint): Promise<string> =>
    (await opened.replica.valuesOf({ callerId: 'acme', prime, limit: 10 }, NEVER)).kind;
  // A machine that is busy otherwise may need longer for a verdict than a call waits: asked again, it is there.
  const kindOf = async (prime: bigint): Promise<string> => {
    let kind = await ask(prime);
    await until(`the verdict on ${prime}`, async () => {
      if (kind === 'unavailable') kind = await ask(prime);
      return kind !== 'unavailable';
    });
    return kind;
  };
  // The verdict of a long prime comes before its proof.
  const primes = [2n, 2n ** 61n - 1n, P, 2n ** 127n - 1n, 10n ** 199n + 153n, 10n ** 499n + 153n];
  for (const prime of primes) assert.equal(await kindOf(prime), 'values', String(prime));
  const composites = [
    1n,
    4n,
    561n,
    P * Q,
    HARD,
    (2n ** 89n - 1n) ** 2n,
    (2n ** 521n - 1n) * (2n ** 607n - 1n),
    6n ** 300n,
  ];
  for (const composite of composites) assert.equal(await kindOf(composite), 'not_prime', String(composite));
  assert.equal(opened.replica.stats().guests, 0);
});
