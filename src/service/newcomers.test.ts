/** How many callers may wait at a time, as they meet it. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { ended, newFolder, openReplica, submit } from './replica-fixture.ts';
import type { AcceptInput } from './service.ts';
import { NO_CALLBACKS } from './simulation/no-callbacks.ts';

const WORKER = new URL('../engine/worker.ts', import.meta.url);
const NEVER = new AbortController().signal;
/** Takes minutes. */
const HARD = (10n ** 44n + 31n) * (10n ** 45n + 9n);

const hard = (callerId: string): AcceptInput => ({ callerId, mode: 'queued', numbers: [HARD] });

test('beyond the bound a caller that waits for nothing is refused with the bound, and those who wait go on', async () => {
  await using opened = await openReplica({ worker: WORKER, settings: { callersMax: 2 } });
  const { replica } = opened;
  await submit(replica, 'first', [HARD]);
  const [second = ''] = await submit(replica, 'second', [HARD]);

  for (const refused of [
    await replica.accept(hard('third')),
    await replica.acceptInline({ ...hard('third'), mode: 'sync' }, 1_000, NEVER),
  ]) {
    assert(refused.kind === 'unavailable', refused.kind);
    assert.equal(refused.code, 'overloaded');
    assert.match(refused.detail ?? '', /: 2 may have requests/);
  }
  await submit(replica, 'first', [HARD]);

  assert.equal((await replica.cancel(second)).kind, 'changed');
  await submit(replica, 'third', [HARD]);
});

test('what was accepted is answered again under its key, though its caller has nothing that waits', async () => {
  await using opened = await openReplica({ worker: WORKER, settings: { callersMax: 1 } });
  const { replica } = opened;
  const keyed = {
    callerId: 'early',
    mode: 'queued',
    numbers: [15n],
    idempotency: { key: 'k', fingerprint: 'h' },
  } as const;
  const accepted = await replica.accept(keyed);
  assert(accepted.kind === 'accepted', accepted.kind);
  await ended(replica, accepted.requests[0]?.requestId ?? '');
  await submit(replica, 'other', [HARD]);
  const again = await replica.accept(keyed);
  assert.ok(again.kind === 'accepted' && again.replayed);
  assert.equal(
    (await replica.accept({ ...keyed, idempotency: { key: 'new', fingerprint: 'h' } })).kind,
    'unavailable',
  );
});

test('callers whose callbacks are to be delivered keep others from having callbacks, and from nothing else', async () => {
  const called = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const callbacks = {
    ...NO_CALLBACKS,
    send: async () => {
      called.resolve();
      await answered.promise;
      return { kind: 'answered', status: 200, retryAfterMs: 0, wireMs: 1 } as const;
    },
  };
  await using opened = await openReplica({ worker: WORKER, settings: { callersMax: 1, callbacks } });
  const { replica } = opened;
  const callbackUrl = 'https://hooks.example/';
  const accepted = await replica.accept({ callerId: 'called', mode: 'async', numbers: [15n], callbackUrl });
  assert(accepted.kind === 'accepted', accepted.kind);
  await called.promise;
  const withCallback = { ...hard('other'), mode: 'async', callbackUrl } as const;
  assert.equal((await replica.accept(withCallback)).kind, 'unavailable');
  const [hardId = ''] = await submit(replica, 'other', [HARD]);
  await replica.cancel(hardId);
  answered.resolve();
  while (replica.stats().callbacks.underWay > 0) await new Promise(setImmediate);
  assert.equal((await replica.accept(withCallback)).kind, 'accepted');
});

test('a store with more callers than the bound is taken up whole', async () => {
  const dataDir = await newFolder();
  const ids: string[] = [];
  {
    await using before = await openReplica({ worker: WORKER, dataDir });
    for (const callerId of ['a', 'b', 'c']) ids.push(...(await submit(before.replica, callerId, [HARD])));
  }
  {
    await using after = await openReplica({ worker: WORKER, dataDir, settings: { callersMax: 1 } });
    assert.equal(after.replica.stats().waiting, 3);
    assert.equal((await after.replica.accept(hard('d'))).kind, 'unavailable');
    await submit(after.replica, 'a', [HARD]);
    for (const id of ids) assert.equal((await after.replica.cancel(id)).kind, 'changed');
  }
  await rm(dataDir, { recursive: true });
});
