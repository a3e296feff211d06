import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as check, integer, nat, property, tuple } from 'fast-check';
import { Quotas, type QuotaLimits } from './quotas.ts';

/** Quotas by hand: a clock to turn, and requests waiting by caller. */
function bench(limits: Partial<QuotaLimits>) {
  const none = () => undefined;
  const world = { nowMs: 1_000_000, waiting: 0 };
  const quotas = new Quotas({
    limits: { waiting: none, 'per-minute': none, ...limits },
    clock: { monotonicMs: () => world.nowMs },
    waiting: () => world.waiting,
  });
  /** How many of `count` single requests are let in now. */
  const letIn = (count: number, callerId = 'acme'): number =>
    Array.from({ length: count }, () => quotas.charge(callerId, 1)).filter((refusal) => !refusal).length;
  return { world, quotas, letIn };
}

test('without limits everything is let in and nothing is told', () => {
  const { quotas, letIn } = bench({});
  assert.equal(letIn(10_000), 10_000);
  assert.deepEqual(quotas.of('acme'), []);
});

test('a minute is worth exactly its limit, whatever the limit, and then comes back evenly', () => {
  for (const limit of [1, 3, 7, 60, 599, 10_007]) {
    const { world, letIn } = bench({ 'per-minute': () => limit });
    assert.equal(letIn(limit + 5), limit);
    world.nowMs += 60_000 / limit + 1;
    assert.equal(letIn(2), 1, `${limit} a minute`);
    world.nowMs += 3_600_000;
    assert.equal(letIn(limit + 5), limit, 'an hour of silence is worth no more than a minute');
  }
});

test('a refusal says when the same would be let in, and charges nothing', () => {
  const { world, quotas } = bench({ 'per-minute': () => 60 });
  assert.equal(quotas.charge('acme', 50), undefined);
  const refusal = quotas.charge('acme', 30);
  assert.equal(refusal?.name, 'per-minute');
  assert.equal(Math.round(refusal?.retryAfterMs ?? 0), 20_000);
  assert.equal(quotas.of('acme')[0]?.remaining, 10);
  world.nowMs += refusal?.retryAfterMs ?? 0;
  assert.equal(quotas.charge('acme', 30), undefined);
});

test('in no span of time are more let in than a minute is worth and what comes back in it', () => {
  const steps = array(tuple(nat(5_000), integer({ min: 1, max: 8 })), { maxLength: 60 });
  check(
    property(integer({ min: 1, max: 50 }), steps, (limit, calls) => {
      const { world, quotas } = bench({ 'per-minute': () => limit });
      const startMs = world.nowMs;
      let letIn = 0;
      for (const [passMs, count] of calls) {
        world.nowMs += passMs;
        if (!quotas.charge('acme', count)) letIn += count;
        assert.ok(letIn <= limit * (1 + (world.nowMs - startMs) / 60_000) + 1e-6);
      }
    }),
  );
});

test('what is given back can be used again', () => {
  const { quotas, letIn } = bench({ 'per-minute': () => 10 });
  assert.equal(letIn(10), 10);
  quotas.refund('acme', 4);
  assert.equal(letIn(10), 4);
});

test('one caller uses up nothing of another, and each may have a limit of its own', () => {
  const { letIn } = bench({ 'per-minute': (callerId) => (callerId === 'acme' ? 5 : 2) });
  assert.equal(letIn(9, 'acme'), 5);
  assert.equal(letIn(9, 'globex'), 2);
});

test('requests that wait are bounded: those that wait already count', () => {
  const { world, quotas } = bench({ waiting: () => 10 });
  world.waiting = 7;
  assert.equal(quotas.charge('acme', 3), undefined);
  assert.deepEqual(quotas.of('acme'), [{ name: 'waiting', limit: 10, remaining: 3 }]);
  world.waiting = 8;
  const refusal = quotas.charge('acme', 3);
  assert.equal(refusal?.name, 'waiting');
  assert.ok((refusal?.retryAfterMs ?? 0) > 0);
});

test('what makes nobody wait is charged to the minute only', () => {
  const { world, quotas } = bench({ waiting: () => 10, 'per-minute': () => 2 });
  world.waiting = 10;
  assert.equal(quotas.charge('acme', 1)?.name, 'waiting');
  assert.equal(quotas.chargeRate('acme', 1), undefined);
  assert.equal(quotas.chargeRate('acme', 1), undefined);
  assert.equal(quotas.chargeRate('acme', 1)?.name, 'per-minute');
});

test('more at once than a quota has in all is refused for good: no time is named', () => {
  for (const name of ['waiting', 'per-minute'] as const) {
    const refusal = bench({ [name]: () => 10 }).quotas.charge('acme', 11);
    assert.equal(refusal?.name, name);
    assert.equal(refusal?.retryAfterMs, undefined);
  }
});

test('callers without end do not fill the memory, and the last ones are remembered', () => {
  const { quotas, letIn } = bench({ 'per-minute': () => 1 });
  for (let i = 0; i < 200_000; i++) quotas.charge(`caller-${i}`, 1);
  assert.equal(letIn(1, 'caller-199999'), 0);
  assert.equal(letIn(1, 'caller-0'), 1);
});
