import assert from 'node:assert/strict';
import path from 'node:path';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { StoreError, type Store } from '../store/store.ts';
import { newFolder, openReplica } from './replica-fixture.ts';
import type { AcceptInput } from './service.ts';

const WORKER = new URL('../engine/worker.ts', import.meta.url);
const NEVER = new AbortController().signal;
const BUSY = ['accept', 'get', 'values', 'valuesOf', 'putValues'];
// Of 90 digits: not factored while the test runs.
const HARD = (10n ** 44n + 31n) * (10n ** 45n + 9n);

/** A store in whose calls named here nothing happens any more: those of clients are refused as busy, the others wait until `over`. */
function silenced(store: Store, silent: ReadonlySet<string>, over: Promise<void>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (!silent.has(String(name))) return Reflect.apply(value, target, args);
        if (!BUSY.includes(String(name))) return over.then(() => Reflect.apply(value, target, args));
        return Promise.reject(new StoreError('busy', 'silent'));
      };
    },
  });
}

test('where the store does not answer, every submission and change is told so, and never that something is full or too much', async () => {
  const folder = await newFolder();
  const silent = new Set<string>();
  const over = Promise.withResolvers<void>();
  {
    await using store = await openSqliteStore({ dataDir: path.join(folder, 'silent') });
    const settings = { store: silenced(store, silent, over.promise) };
    await using opened = await openReplica({ worker: WORKER, settings });
    // Before the replica stops, however the test ends: it waits for what is under way.
    using _ = { [Symbol.dispose]: () => (silent.clear(), over.resolve()) };
    const { replica } = opened;
    const submission = (number: bigint): AcceptInput => ({
      callerId: 'acme',
      mode: 'queued',
      numbers: [number],
    });
    const accepted = await replica.accept(submission(HARD));
    assert(accepted.kind === 'accepted');
    for (const call of [...BUSY, 'finish']) silent.add(call);
    const refusals = [
      await replica.accept(submission(15n)),
      await replica.postValues({ callerId: 'acme', numbers: [15n] }, 1_000, NEVER),
      await replica.cancel(accepted.requests[0]?.requestId ?? ''),
    ];
    for (const refusal of refusals) {
      assert(refusal.kind === 'unavailable', refusal.kind);
      assert.equal(refusal.code, 'outcome_unknown');
      assert.ok(refusal.retryAfterMs >= 1_000);
    }
    silent.clear();
    over.resolve();
    silent.add('accept');
    const crowded = await replica.accept(submission(21n));
    assert.equal(
      crowded.kind === 'unavailable' && crowded.code,
      'overloaded',
      'one that answers has too much',
    );
  }
  await rm(folder, { recursive: true });
});
