/** What other replicas are told of values, and what that means for whoever posts them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setAlarm } from '../../test/support/alarm.ts';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../base/clock.ts';
import { SEQ_STRIDE } from '../domain/request-id.ts';
import type { ValueRenewal } from '../domain/value.ts';
import { StoreError } from '../store/store.ts';
import { openReplica, post } from './replica-fixture.ts';

const WORKER = new URL('../engine/faulty-worker.ts', import.meta.url);
/** Takes minutes. */
const HARD = (10n ** 44n + 31n) * (10n ** 45n + 9n);

/** Notes what others are told of, number and version, and makes them wait for `gate`. */
function noted(gate: (numbers: readonly string[]) => Promise<void> = () => Promise.resolve()) {
  const told: (readonly [string, number])[] = [];
  const renew = async (_: string, list: readonly ValueRenewal[]): Promise<void> => {
    await gate(list.map(({ number }) => number));
    told.push(...list.map(({ number, version }) => [number, version] as const));
  };
  return { told, renewals: { msMax: 0, renew } };
}

test('other replicas are told of the terms before the answer comes; where that cannot be, nothing is said to be kept', async () => {
  const told: (ValueRenewal & { readonly scope: string })[] = [];
  let isFull = false;
  const renewals = {
    msMax: 0,
    renew: async (scope: string, list: readonly ValueRenewal[]) => {
      await new Promise(setImmediate);
      if (isFull) throw new StoreError('full', 'no room');
      told.push(
        ...list.map(({ number, version, expiresAtMs = Infinity }) => ({
          scope,
          number,
          version,
          expiresAtMs,
        })),
      );
    },
  };
  await using opened = await openReplica({ worker: WORKER, settings: { renewals } });
  const beganMs = Date.now();
  await post(opened, [15n], { ttlMs: 60_000 });
  await post(opened, [21n], { waitMs: 0 });
  const [first, second] = told;
  assert.deepEqual([first?.number, second?.number, first?.scope], ['15', '21', '']);
  assert.ok((first?.expiresAtMs ?? 0) >= beganMs + 60_000);
  assert.equal(second?.expiresAtMs, Infinity);
  assert.ok((second?.version ?? 0) > (first?.version ?? 0), 'the later POST has the greater version');
  isFull = true;
  const refused = await post(opened, [33n]);
  assert.equal(refused.kind === 'unavailable' && refused.code, 'store_full');
  const accepted = await post(opened, [35n], { waitMs: 0 });
  assert.equal(accepted.kind, 'unfinished', 'what is accepted is said to be');
  isFull = false;
  await until('others to be told of what was accepted', () => told.some(({ number }) => number === '35'));
});

test('other replicas are told again where a call is repeated under its key: the first time may not have come so far', async () => {
  const { told, renewals } = noted();
  await using opened = await openReplica({ worker: WORKER, settings: { renewals } });
  const idempotency = { key: 'k', fingerprint: 'f' };
  await post(opened, [15n, 21n], { idempotency });
  const first = told.splice(0);
  assert.deepEqual(
    first.map(([number]) => number),
    ['15', '21'],
  );
  await post(opened, [15n, 21n], { idempotency });
  assert.deepEqual(told, first);
});

test('numbers that wait take no versions, nor do batches that are refused', async () => {
  const { told, renewals } = noted();
  const nowMs = Date.now();
  const clock = { ...systemClock, wallMs: () => nowMs };
  await using opened = await openReplica({ worker: WORKER, settings: { renewals, clock } });
  const idempotency = { key: 'k', fingerprint: 'f' };
  await post(opened, [15n], { idempotency });
  await post(
    opened,
    Array.from({ length: 100 }, (_, i) => BigInt(i + 1)),
  );
  for (const fingerprint of ['f', 'g']) await post(opened, [15n], { idempotency: { key: 'k', fingerprint } });
  await post(opened, [21n]);
  const versions = [...new Set(told.map(([, version]) => version))];
  const [first = 0] = versions;
  assert.deepEqual(versions, [first, first + SEQ_STRIDE, first + 2 * SEQ_STRIDE]);
});

test('the wait has room for telling others, so that the answer comes in time where some are silent', async () => {
  const { renewals } = noted(() => new Promise((resolve) => setTimeout(resolve, 2_000)));
  await using opened = await openReplica({
    worker: WORKER,
    settings: { renewals: { ...renewals, msMax: 2_400 } },
  });
  // To wait first, and then to tell, would take 6 s.
  using alarm = setAlarm(5_500);
  assert.equal((await post(opened, [HARD], { waitMs: 4_000 })).kind, 'unfinished');
  assert.ok(!alarm.hasRung, 'the answer comes in time');
});

test('numbers count once while they go on as requests', async () => {
  const quotas = { waiting: () => 5, 'per-minute': () => undefined };
  const telling = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const { renewals } = noted(async (numbers) => {
    if (!numbers.includes(String(HARD))) return;
    telling.resolve();
    await gate.promise;
  });
  await using opened = await openReplica({ worker: WORKER, settings: { quotas, renewals } });
  const posted = post(opened, [HARD, HARD + 2n, HARD + 4n], { waitMs: 200 });
  await telling.promise;
  assert.equal((await post(opened, [15n, 21n])).kind, 'values');
  gate.resolve();
  assert.equal((await posted).kind, 'unfinished');
});
