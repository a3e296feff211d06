/** How much of the store one caller's queued requests may take. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { NewRequest } from '../../domain/request.ts';
import { doneJob, keyed, newRequests, NOW_MS, seqNo } from '../contract/store-fixture.ts';
import type { AcceptOutcome, Store } from '../store.ts';
import { openSqliteStore } from './sqlite-store.ts';

const BYTES_MAX = 8 * 2 ** 20;
const BATCH = 100;

async function newFolder(t: TestContext): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'fairsieve-share-'));
  t.after(() => fs.rm(folder, { recursive: true }));
  return folder;
}

/** A store that gives out sequence numbers. */
class Crowd {
  readonly #store: Store;
  #next = 0;

  constructor(store: Store, next = 0) {
    this.#store = store;
    this.#next = next;
  }

  get next(): number {
    return this.#next;
  }

  accept(given: Partial<NewRequest>, count = BATCH): Promise<AcceptOutcome> {
    const seq = seqNo(this.#next);
    this.#next += count;
    return this.#store.accept({ requests: newRequests(count, { ...given, seq }) });
  }

  /** Accepts requests of a caller until it may have no more; how many were, and what it is told that it may have. */
  async fillShare(given: Partial<NewRequest>): Promise<{ count: number; bytesMax: number }> {
    for (let count = 0; ; count += BATCH) {
      const outcome = await this.accept(given);
      if (outcome.kind === 'crowded') return { count, bytesMax: outcome.bytesMax };
      assert.equal(outcome.kind, 'accepted');
    }
  }
}

const SHORT = '7'.repeat(20);
const LONG = '7'.repeat(900);

for (const [what, number, callbackUrl] of [
  ['short numbers', SHORT, undefined],
  ['long numbers', LONG, undefined],
  ['long URLs', SHORT, `https://hooks.example/${'x'.repeat(1_900)}`],
] as const) {
  test(`one caller's ${what} take half of the room at most, those of the next half of the rest, and everybody else gets in`, async (t) => {
    await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: BYTES_MAX });
    const crowd = new Crowd(store);
    const given = { number, ...(callbackUrl !== undefined && { callbackUrl }) };
    const { freeBytes: before } = await store.stats();
    const first = await crowd.fillShare({ ...given, callerId: 'acme' });
    assert.ok(first.count >= 2 * BATCH, `${first.count} requests`);
    const { freeBytes: between } = await store.stats();
    assert.ok(between > 0.45 * before && between < 0.65 * before, `${between} of ${before} bytes are free`);
    assert.ok(Math.abs(first.bytesMax - before / 2) < 0.15 * before, `${first.bytesMax} bytes of ${before}`);
    await crowd.fillShare({ ...given, callerId: 'globex' });
    const { freeBytes: after } = await store.stats();
    assert.ok(after > 0.4 * between && after < 0.65 * between, `${after} of ${between} bytes are free`);
    assert.equal((await crowd.accept({ ...given, callerId: 'initech' }, 1)).kind, 'accepted');
    assert.equal((await crowd.accept({ ...given, callerId: 'acme' }, 1)).kind, 'crowded');
  });
}

test('a caller that has its share gets in again as its requests end; what it repeats under a key is answered all the while', async (t) => {
  await using store = await openSqliteStore({ dataDir: await newFolder(t), bytesMax: BYTES_MAX });
  const crowd = new Crowd(store, 1);
  const first = newRequests(1);
  await store.accept(keyed(first));
  const { count } = await crowd.fillShare({ number: SHORT });
  assert.equal((await store.accept(keyed(newRequests(1, { seq: seqNo(1e6) })))).kind, 'replayed');
  const another = await store.accept(keyed(newRequests(1, { seq: seqNo(1e6 + 1) }), 'f', 'another key'));
  assert.equal(another.kind, 'crowded');
  const free = await store.accept(
    keyed(newRequests(1, { seq: seqNo(1e6 + 2), callerId: 'b' }), 'f', 'another key'),
  );
  assert.equal(free.kind, 'accepted');
  await store.finish(Array.from({ length: count / 2 }, (_, i) => doneJob(seqNo(1 + i))));
  assert.equal((await crowd.accept({})).kind, 'accepted');
  assert.deepEqual(await store.heldKeys([{ callerId: 'acme', key: 'another key' }], NOW_MS), [false]);
});

test('what waits counts after a restart as well, and one that is queued again counts again', async (t) => {
  const dataDir = await newFolder(t);
  let next = 0;
  {
    await using store = await openSqliteStore({ dataDir, bytesMax: BYTES_MAX });
    const crowd = new Crowd(store);
    await crowd.fillShare({ number: SHORT });
    next = crowd.next;
  }
  await using store = await openSqliteStore({ dataDir, bytesMax: BYTES_MAX });
  const crowd = new Crowd(store, next);
  const more = await crowd.fillShare({ number: SHORT });
  assert.ok(more.count <= next / 10, `${more.count} after ${next}`);
  const seqs = Array.from({ length: 500 }, (_, i) => seqNo(i));
  await store.finish(seqs.map((seq) => doneJob(seq, { kind: 'partial' })));
  assert.equal((await crowd.accept({}, 1)).kind, 'accepted');
  for (const [i, seq] of seqs.entries()) await store.requeue(seq, 1e6 + i, []);
  assert.equal((await crowd.accept({}, 1)).kind, 'crowded');
});
