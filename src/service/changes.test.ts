import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '../domain/delivery.ts';
import { formatRequestId } from '../domain/request-id.ts';
import type { StoredRequest } from '../domain/request.ts';
import { StoreError } from '../store/store.ts';
import { Changes } from './changes.ts';
import { Quotas } from './quotas.ts';
import { viewOfStored } from './request-view.ts';
import type { Unavailable } from './service.ts';
import { BUSY } from './unavailable.ts';

const NOW_MS = 1_000_000;

/** One request, `partial` with its callback as given, whose caller may have `perMinute` in a minute. */
function bench(delivery: Delivery, perMinute = 1) {
  const world = {
    stored: {
      seq: 7,
      token: '0'.repeat(16),
      callerId: 'acme',
      mode: 'async',
      number: '91',
      acceptedAtMs: NOW_MS - 10,
      ordinal: 1,
      callbackUrl: 'https://hooks.example.com/factored',
      delivery,
      state: { kind: 'partial', factors: [], cpuMs: 5, finishedAtMs: NOW_MS - 5 },
      timeline: [],
    } as StoredRequest,
    requeued: 0,
    /** What is said to whoever has nothing that waits. */
    refusal: undefined as Unavailable | undefined,
    redelivered: 0,
    /** What the store answers. */
    applies: true as boolean | 'full' | 'busy',
  };
  const view = () => viewOfStored(world.stored);
  const closing = new AbortController();
  const quotas = new Quotas({
    limits: { waiting: () => undefined, 'per-minute': () => perMinute },
    clock: { monotonicMs: () => NOW_MS },
    waiting: () => 0,
  });
  const changes = new Changes({
    clock: { wallMs: () => NOW_MS, after: () => () => undefined },
    quotas,
    refuseNewcomer: () => world.refusal,
    closing: closing.signal,
    live: { get: () => assert.fail(), add: () => assert.fail() },
    pager: { hold: () => assert.fail() },
    lookups: {
      find: () => Promise.resolve({ stored: world.stored }),
      lookUp: () => Promise.resolve(view()),
      view,
      ended: () => Promise.resolve(),
      remember: (stored) => (world.stored = stored),
    },
    intake: {
      arriving: () => undefined,
      shown: () => Promise.resolve(),
      requeue: async () => {
        await Promise.resolve();
        if (world.applies === true) world.requeued++;
        return world.applies;
      },
    },
    dispatcher: { cancel: () => assert.fail(), pump: () => undefined },
    room: { isFull: false },
    deliveries: { revive: () => undefined, due: () => undefined },
    store: {
      get: (seqs) =>
        Promise.resolve(seqs.map((seq) => (seq === world.stored.seq ? world.stored : undefined))),
      redeliver: () => {
        if (typeof world.applies === 'string')
          return Promise.reject(new StoreError(world.applies, 'not now'));
        if (world.applies) world.redelivered++;
        return Promise.resolve(world.applies);
      },
    },
  });
  const left = (): number => quotas.of('acme')[0]?.remaining ?? NaN;
  return { world, changes, left, closing };
}

const DELIVERED: Delivery = { status: 'delivered', sequence: 1, attempts: 1 };

test('a partial end that is still to be told is not discarded by a resumption, whenever the next attempt is', async () => {
  for (const [attempts, dueAtMs] of [
    [0, NOW_MS],
    [3, NOW_MS + 3_600_000],
  ] as const) {
    const { world, changes, left } = bench({ status: 'pending', sequence: 1, attempts, dueAtMs });
    assert.equal((await changes.resume('id')).kind, 'refused');
    assert.equal(world.requeued, 0);
    assert.equal(left(), 1, 'and is not charged');
  }
});

test('a partial request whose end was told, or given up, is resumed', async () => {
  for (const delivery of [DELIVERED, { status: 'dead', sequence: 1, attempts: 10 } as const]) {
    const { world, changes } = bench(delivery);
    assert.equal((await changes.resume('id')).kind, 'changed');
    assert.equal(world.requeued, 1);
  }
});

test('resumptions of one request at once are one, and are charged once', async () => {
  const { world, changes, left } = bench(DELIVERED, 10);
  const results = await Promise.all([changes.resume('id'), changes.resume('id'), changes.resume('id')]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['changed', 'changed', 'changed'],
  );
  assert.equal(world.requeued, 1);
  assert.equal(left(), 9);
});

test('where too many callers wait, one that has nothing there is refused, and nothing is charged', async () => {
  const { world, changes, left } = bench(DELIVERED, 10);
  world.refusal = BUSY;
  assert.deepEqual([await changes.resume('id'), await changes.redeliver('id')], [BUSY, BUSY]);
  assert.deepEqual([world.requeued, world.redelivered, left()], [0, 0, 10]);
});

test('redeliveries of one callback at once are one, and are charged once', async () => {
  const { world, changes, left } = bench(DELIVERED, 10);
  const results = await Promise.all([changes.redeliver('id'), changes.redeliver('id')]);
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['changed', 'changed'],
  );
  assert.equal(world.redelivered, 1);
  assert.equal(left(), 9);
});

test('a redelivery is charged to the minute, and refused beyond it', async () => {
  const { world, changes, left } = bench(DELIVERED, 1);
  assert.equal((await changes.redeliver('id')).kind, 'changed');
  assert.equal(left(), 0);
  world.stored = { ...world.stored, delivery: DELIVERED };
  assert.equal((await changes.redeliver('id')).kind, 'quota_exceeded');
  assert.equal(world.redelivered, 1);
});

test('a callback that is due and was not attempted yet is not made due again, and nothing is charged', async () => {
  const { world, changes, left } = bench({ status: 'pending', sequence: 1, attempts: 0, dueAtMs: NOW_MS });
  assert.equal((await changes.redeliver('id')).kind, 'refused');
  assert.equal(world.redelivered, 0);
  assert.equal(left(), 1);
});

test('a callback that waits for a later attempt, or is held back, is made due at once', async () => {
  for (const attempts of [0, 2]) {
    const { world, changes } = bench({ status: 'pending', sequence: 1, attempts, dueAtMs: NOW_MS + 1 });
    assert.equal((await changes.redeliver('id')).kind, 'changed');
    assert.equal(world.stored.delivery?.dueAtMs, NOW_MS);
  }
});

test('what the store would not change after all is not charged', async () => {
  const { world, changes, left } = bench(DELIVERED);
  world.applies = false;
  assert.equal((await changes.resume('id')).kind, 'refused');
  assert.equal((await changes.redeliver('id')).kind, 'refused');
  assert.equal(left(), 1);
});

test('once nothing more is accepted nothing changes, and what was begun before is waited for', async () => {
  const { world, changes, closing } = bench(DELIVERED);
  const begun = changes.resume('id');
  closing.abort();
  const { requestId } = viewOfStored(world.stored);
  // Of the same sequence number, and of none that is here.
  const others = [requestId.replace(/.$/, '1'), formatRequestId({ seq: 23, token: '0'.repeat(16) }), 'id'];
  for (const change of ['cancel', 'resume', 'redeliver'] as const) {
    const result = await changes[change](requestId);
    assert.ok(result.kind === 'unavailable' && result.code === 'stopping', change);
    for (const other of others) assert.equal((await changes[change](other)).kind, 'not_found');
  }
  assert.equal(world.redelivered, 0);
  await changes.idle();
  assert.equal(world.requeued, 1);
  assert.equal((await begun).kind, 'changed');
});

test('a change that the store refuses for now says why, and is not charged', async () => {
  for (const [answer, code] of [
    ['full', 'store_full'],
    ['busy', 'outcome_unknown'],
  ] as const) {
    for (const change of ['resume', 'redeliver'] as const) {
      const { changes, world, left } = bench(DELIVERED);
      world.applies = answer;
      const refused = await changes[change]('id');
      assert.equal(refused.kind === 'unavailable' && refused.code, code, change);
      assert.equal(left(), 1);
    }
  }
});
