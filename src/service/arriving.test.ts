/** Requests of a large batch that are accepted and that the store has not written yet, as whoever asks for them meets them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIECE_ROWS } from '../domain/limits.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { AcceptOutcome, NewBatch } from '../store/store.ts';
import { newFolder, openReplica, submit } from './replica-fixture.ts';
import type { ListRequests, RequestView } from './service.ts';
import { storeFacade } from './store-facade.ts';

const WORKER = new URL('../engine/worker.ts', import.meta.url);
const NEVER = new AbortController().signal;
const LONG_MS = 30_000;
const COUNT = 1_200;
const FIRST = PIECE_ROWS;

/** A replica whose store writes what is behind the first requests of a batch once `written` has resolved. */
async function openSlow() {
  const store = await openSqliteStore({ dataDir: await newFolder() });
  const written = Promise.withResolvers<void>();
  const accept = async ({ requests }: NewBatch): Promise<AcceptOutcome> => {
    const outcome = await store.accept({ requests: requests.slice(0, FIRST) });
    if (outcome.kind !== 'accepted' || requests.length <= FIRST) return outcome;
    const writeRest = async () => {
      await written.promise;
      const later = await store.accept({ requests: requests.slice(FIRST) });
      assert(later.kind === 'accepted', later.kind);
      return [...later.known, ...((await later.rest) ?? [])];
    };
    return { ...outcome, rest: writeRest() };
  };
  const { replica, ...opened } = await openReplica({
    worker: WORKER,
    settings: { store: storeFacade(store, 'accept', accept) },
  });
  const close = async (): Promise<void> => {
    written.resolve();
    await opened[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  return { replica, written, [Symbol.asyncDispose]: close };
}

test('whoever waits for one that turns out to be done when it is written is told so at once', async () => {
  await using opened = await openSlow();
  const { replica, written } = opened;
  await replica.postValues({ callerId: 'acme', numbers: [15n] }, LONG_MS, NEVER);
  const numbers = Array.from({ length: COUNT }, (_, i) => (i === COUNT - 1 ? 15n : 10n ** 12n + BigInt(i)));
  const accepted = await replica.accept({ callerId: 'acme', mode: 'values', numbers });
  assert(accepted.kind === 'accepted', accepted.kind);
  const beganMs = performance.now();
  const waiting = replica.wait(accepted.requests.at(-1)?.requestId ?? '', LONG_MS, NEVER);
  written.resolve();
  assert.equal((await waiting)?.status, 'done');
  assert.ok(performance.now() - beganMs < LONG_MS / 2, `${performance.now() - beganMs} ms`);
});

test('lists have them, each once, in their order and by the filters, while they are written too', async () => {
  await using opened = await openSlow();
  const { replica, written } = opened;
  const numbers = Array.from({ length: COUNT }, (_, i) => 10n ** 12n + BigInt(i));
  const ids = (await submit(replica, 'acme', numbers)).toReversed();
  const later = await submit(replica, 'globex', [15n]);
  const all = async (query: Partial<ListRequests>): Promise<string[]> => {
    const found: RequestView[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await replica.list({ limit: 350, ...query, ...(cursor !== undefined && { cursor }) });
      assert.ok(page.requests.length <= 350);
      found.push(...page.requests);
      if (page.next === undefined) return found.map(({ requestId }) => requestId);
      cursor = page.next;
    }
  };
  assert.deepEqual(await all({}), [...later, ...ids]);
  assert.deepEqual(await all({ callerId: 'acme', mode: 'queued' }), ids);
  assert.deepEqual(await all({ callerId: 'globex' }), later);
  assert.deepEqual(await all({ mode: 'sync' }), []);
  const queued = await all({ status: 'queued' });
  assert.deepEqual(queued.slice(0, COUNT - FIRST), ids.slice(0, COUNT - FIRST));
  assert.equal(new Set(queued).size, queued.length);
  const meanwhile = all({});
  written.resolve();
  assert.deepEqual(await meanwhile, [...later, ...ids]);
});
