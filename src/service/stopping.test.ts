/** A replica that stops while something is being submitted: what it holds may go to another one right afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openReplica } from './replica-fixture.ts';

const WORKER = new URL('../engine/faulty-worker.ts', import.meta.url);
const NEVER = new AbortController().signal;
const LONG_MS = 60_000;
/** Takes minutes. */
const HARD = (10n ** 44n + 31n) * (10n ** 45n + 9n);

test('it has stopped only once all that was submitted is answered: nothing is written afterwards', async () => {
  const telling = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const renew = (): Promise<void> => {
    telling.resolve();
    return gate.promise;
  };
  await using opened = await openReplica({
    worker: WORKER,
    settings: { renewals: { msMax: 0, renew } },
  });
  const posted = opened.replica.postValues({ callerId: 'acme', numbers: [15n] }, LONG_MS, NEVER);
  await telling.promise;
  let hasStopped = false;
  const stopped = opened.replica.stop().then(() => (hasStopped = true));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(hasStopped, false);
  gate.resolve();
  assert.equal((await posted).kind, 'values');
  await stopped;
});

test('whoever waits inline is answered when it stops, also where the waiting had not begun', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const input = { callerId: 'acme', mode: 'sync', numbers: [HARD] } as const;
  const accepting = opened.replica.acceptInline(input, LONG_MS, NEVER);
  const beganMs = performance.now();
  await opened.replica.stop();
  const accepted = await accepting;
  assert(accepted.kind === 'accepted', accepted.kind);
  assert.ok(performance.now() - beganMs < LONG_MS / 4);
});

test('whoever waits for a request is answered when it stops, and who comes to wait afterwards at once', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const { replica } = opened;
  const accepted = await replica.accept({ callerId: 'acme', mode: 'queued', numbers: [HARD] });
  assert(accepted.kind === 'accepted', accepted.kind);
  const requestId = accepted.requests[0]?.requestId ?? '';
  const beganMs = performance.now();
  const waiting = replica.wait(requestId, LONG_MS, NEVER);
  replica.stopAccepting();
  const later = replica.wait(requestId, LONG_MS, NEVER);
  for (const view of [await waiting, await later]) assert.equal(view?.requestId, requestId);
  assert.ok(performance.now() - beganMs < LONG_MS / 4);
});
