import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { AttemptOutcome } from './attempt-outcome.ts';
import {
  attemptsMax,
  DEFAULT_RETRY_POLICY,
  JITTER,
  nextStep,
  nextStepWhileHeld,
  RETRY_AFTER_MS_MAX,
  type RetryPolicy,
  spanMs,
} from './retry-policy.ts';

const HOUR_MS = 3_600_000;
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const policy: fc.Arbitrary<RetryPolicy> = fc.record({
  delaysMs: fc.array(fc.nat(1e9), { maxLength: 20 }),
});

function answered(status: number, retryAfterMs = 0): AttemptOutcome {
  return { kind: 'answered', status, retryAfterMs };
}

/** The delay after an attempt that failed and is tried again. */
function delayMs(
  outcome: AttemptOutcome,
  attempts: number,
  jitter: number,
  by = DEFAULT_RETRY_POLICY,
): number {
  const step = nextStep(outcome, attempts, 0, jitter, by);
  assert.equal(step.kind, 'retry');
  return step.kind === 'retry' ? step.atMs : Number.NaN;
}

/** How close doubles have to be. */
function near(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) <= 1e-9 * expected;
}

test('each outcome leads where the guarantees say', () => {
  const cases: [AttemptOutcome, string][] = [
    [answered(200), 'delivered'],
    [answered(204), 'delivered'],
    [answered(299), 'delivered'],
    [answered(410), 'gone'],
    [answered(199), 'retry'],
    [answered(301), 'retry'],
    [answered(308), 'retry'],
    [answered(400), 'retry'],
    [answered(404), 'retry'],
    [answered(429), 'retry'],
    [answered(500), 'retry'],
    [answered(503), 'retry'],
    [{ kind: 'timed-out' }, 'retry'],
    [{ kind: 'unreachable' }, 'retry'],
    [{ kind: 'forbidden' }, 'retry'],
  ];
  for (const [outcome, kind] of cases) {
    assert.equal(nextStep(outcome, 1, 0, 0.5).kind, kind, JSON.stringify(outcome));
    // What succeeds or is gone is so at the last attempt too.
    const last = nextStep(outcome, attemptsMax(DEFAULT_RETRY_POLICY), 0, 0.5).kind;
    assert.equal(last, kind === 'retry' ? 'dead' : kind, JSON.stringify(outcome));
  }
});

test('ten attempts: the first retries after about 2 s and 10 s, all of them within about three days', () => {
  assert.equal(attemptsMax(DEFAULT_RETRY_POLICY), 10);
  assert.equal(delayMs(answered(500), 1, 0.5), 2_000);
  assert.equal(delayMs(answered(500), 2, 0.5), 10_000);
  let sumMs = 0;
  for (let attempts = 1; attempts < 10; attempts++) sumMs += delayMs(answered(500), attempts, 0.5);
  assert.ok(sumMs > 68 * HOUR_MS && sumMs < 76 * HOUR_MS, `${sumMs / HOUR_MS} h`);
  assert.ok(spanMs(DEFAULT_RETRY_POLICY) >= sumMs);
  assert.deepEqual(nextStep(answered(500), 10, 0, 0.5), { kind: 'dead' });
});

test('a delay is within the jitter of its schedule, and the jitter uses all of that', () => {
  fc.assert(
    fc.property(
      policy,
      fc.integer({ min: 1, max: 19 }),
      random,
      fc.nat(1e13),
      (by, attempts, jitter, nowMs) => {
        const planned = by.delaysMs[attempts - 1];
        const step = nextStep({ kind: 'unreachable' }, attempts, nowMs, jitter, by);
        if (planned === undefined) return assert.equal(step.kind, 'dead');
        assert.ok(step.kind === 'retry');
        const delay = step.atMs - nowMs;
        const slack = 0.01 + planned * 1e-9;
        assert.ok(delay >= planned * (1 - JITTER) - slack && delay <= planned * (1 + JITTER) + slack);
      },
    ),
  );
  assert.ok(near(delayMs(answered(500), 1, 0), 1_600));
  assert.ok(near(delayMs(answered(500), 1, 1), 2_400));
});

test('a later retry never comes sooner after its attempt than an earlier one did, whatever the jitter', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), random, random, (attempts, one, other) => {
      assert.ok(delayMs(answered(500), attempts, one) <= delayMs(answered(500), attempts + 1, other));
    }),
  );
});

test('Retry-After is a lower bound with 429 and 503, up to a day, and is no reason to come sooner', () => {
  const statuses = fc.constantFrom(429, 503);
  const asked = fc.nat(3 * RETRY_AFTER_MS_MAX);
  fc.assert(
    fc.property(
      statuses,
      asked,
      fc.integer({ min: 1, max: 9 }),
      random,
      (status, askedMs, attempts, jitter) => {
        const delay = delayMs(answered(status, askedMs), attempts, jitter);
        const unasked = delayMs(answered(status), attempts, jitter);
        const bound = Math.min(askedMs, RETRY_AFTER_MS_MAX);
        assert.ok(delay >= bound && delay >= unasked);
        assert.ok(delay <= Math.max(unasked, bound * (1 + JITTER)));
      },
    ),
  );
  assert.equal(delayMs(answered(500, 60_000), 1, 0.5), 2_000);
  // Those who were told the same come back spread out.
  assert.notEqual(delayMs(answered(429, 60_000), 1, 0.1), delayMs(answered(429, 60_000), 1, 0.9));
});

test('every delivery to an endpoint that always fails ends, whatever it asks for', () => {
  fc.assert(
    fc.property(policy, fc.nat(1e12), random, (by, askedMs, jitter) => {
      let attempts = 1;
      let nowMs = 0;
      for (;;) {
        const step = nextStep(answered(503, askedMs), attempts, nowMs, jitter, by);
        if (step.kind !== 'retry') return assert.equal(step.kind, 'dead');
        nowMs = step.atMs;
        attempts++;
        assert.ok(attempts <= attemptsMax(by));
      }
    }),
  );
});

test('a delivery whose host is not called waits, and dies when its attempts would have been over', () => {
  const span = spanMs(DEFAULT_RETRY_POLICY);
  assert.deepEqual(nextStepWhileHeld(1_000, 1_000 + span, 7e9), { kind: 'retry', atMs: 7e9 });
  assert.deepEqual(nextStepWhileHeld(1_000, 1_001 + span, 7e9), { kind: 'dead' });
});
