import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallbackOutcome } from '../callbacks/callback-outcome.ts';
import { heldMsMax } from '../callbacks/retry-policy.ts';
import { TIMELINE_EVENTS_MAX } from '../domain/limits.ts';
import type { StoredRequest, TimelineEvent } from '../domain/request.ts';
import type { AttemptRecord } from '../store/store.ts';
import {
  afterAttempt,
  isCalled,
  whileGone,
  whileHeld,
  withEvents,
  type CalledRequest,
} from './callback-attempt.ts';

const URL = 'https://hooks.example/done';
const END_MS = 1_000_000;
const FINISHED: TimelineEvent = { event: 'finished', atMs: END_MS, status: 'done', source: 'computed' };
const POLICY = { delaysMs: [1_000, 5_000] };
const HELD_MS = heldMsMax(POLICY);
const NO_JITTER = 0.5;

function called(attempts = 0, timeline: readonly TimelineEvent[] = [FINISHED]): CalledRequest {
  return {
    seq: 42,
    token: 't',
    callerId: 'acme',
    mode: 'async',
    number: '15',
    acceptedAtMs: END_MS - 10,
    ordinal: 1,
    callbackUrl: URL,
    state: { kind: 'done', finishedAtMs: END_MS, cpuMs: 1, factors: [] },
    timeline,
    delivery: { status: 'pending', sequence: 7, attempts, dueAtMs: END_MS },
  };
}

const answered = (status: number, retryAfterMs = 0): CallbackOutcome & { kind: 'answered' } => ({
  kind: 'answered',
  status,
  retryAfterMs,
  wireMs: 30,
});

function attempted(stored: CalledRequest, outcome: Parameters<typeof afterAttempt>[1]): AttemptRecord {
  const times = { startedAtMs: END_MS + 100, nowMs: END_MS + 130, random: NO_JITTER };
  return afterAttempt(stored, outcome, times, POLICY);
}

describe('after an attempt', () => {
  test('a success ends the delivery and shows when it was attempted, how long it took and what came', () => {
    assert.deepEqual(attempted(called(), answered(204)), {
      seq: 42,
      wasDueAtMs: END_MS,
      delivery: { status: 'delivered', sequence: 7, attempts: 1 },
      timeline: [
        FINISHED,
        { event: 'attempted', atMs: END_MS + 100, durationMs: 30, status: 204 },
        { event: 'delivered', atMs: END_MS + 130 },
      ],
    });
  });

  test('a failure is tried again after the delay of its number, counted from the end of the attempt', () => {
    const { delivery, timeline } = attempted(called(1), answered(500));
    const dueAtMs = END_MS + 130 + 5_000;
    assert.deepEqual(delivery, { status: 'pending', sequence: 7, attempts: 2, dueAtMs });
    assert.deepEqual(timeline.at(-1), {
      event: 'attempted',
      atMs: END_MS + 100,
      durationMs: 30,
      status: 500,
      nextAtMs: dueAtMs,
    });
  });

  test('one that asks for more time is given it', () => {
    const { delivery } = attempted(called(), answered(429, 60_000));
    assert.ok((delivery.dueAtMs ?? 0) >= END_MS + 60_130);
  });

  test('without an answer the class of the error is shown, and no status', () => {
    const { timeline } = attempted(called(), {
      kind: 'failed',
      errorClass: 'connect',
      detail: 'nobody listens (ECONNREFUSED)',
      wireMs: 2,
    });
    assert.deepEqual(timeline.at(-1), {
      event: 'attempted',
      atMs: END_MS + 100,
      durationMs: 2,
      error: 'connect: nobody listens (ECONNREFUSED)',
      nextAtMs: END_MS + 1_130,
    });
  });

  test('after the last attempt it is dead, with a reason, and due no more', () => {
    const { delivery, timeline } = attempted(called(2), answered(500));
    assert.deepEqual(delivery, { status: 'dead', sequence: 7, attempts: 3 });
    assert.deepEqual(
      timeline.slice(1).map(({ event }) => event),
      ['attempted', 'dead'],
    );
    assert.match(JSON.stringify(timeline.at(-1)), /no attempt is left/);
  });

  test('410 ends it at the first attempt and notes that the URL is gone, for this caller', () => {
    const record = attempted(called(), answered(410));
    assert.equal(record.delivery.status, 'dead');
    assert.deepEqual(record.endpointGone, { callerId: 'acme', url: URL, atMs: END_MS + 130 });
  });

  test('no other answer takes the URL for gone', () => {
    for (const status of [200, 301, 404, 429, 500])
      assert.equal(attempted(called(), answered(status)).endpointGone, undefined, `${status}`);
  });
});

describe('without an attempt', () => {
  const held = (stored: CalledRequest, nowMs: number): AttemptRecord =>
    whileHeld(stored, { nowMs, untilMs: nowMs + 300 }, POLICY);

  test('what is held comes again later, with no attempt counted and nothing on its timeline', () => {
    assert.deepEqual(held(called(1), END_MS + 500), {
      seq: 42,
      wasDueAtMs: END_MS,
      delivery: { status: 'pending', sequence: 7, attempts: 1, dueAtMs: END_MS + 800 },
      timeline: [FINISHED],
    });
  });

  test('what was held for longer than all attempts take is dead, and says so', () => {
    assert.equal(held(called(), END_MS + HELD_MS).delivery.status, 'pending');
    const { delivery, timeline } = held(called(1), END_MS + HELD_MS + 1);
    assert.deepEqual(delivery, { status: 'dead', sequence: 7, attempts: 1 });
    assert.match(JSON.stringify(timeline.at(-1)), /its host was not called/);
  });

  test('what an attempt took, and what an endpoint asked for, is not time that it was held', () => {
    const attemptedAt: TimelineEvent = {
      event: 'attempted',
      atMs: END_MS,
      durationMs: 15_000,
      error: 'timeout: no answer within 15000 ms',
      nextAtMs: END_MS + 86_400_000,
    };
    const stored = called(1, [FINISHED, attemptedAt]);
    assert.equal(held(stored, END_MS + 86_400_100).delivery.status, 'pending');
    assert.equal(held(stored, END_MS + 86_400_000 + HELD_MS + 1).delivery.status, 'dead');
  });

  test('what is asked for again has the whole time again, and so has what ends again after a resumption', () => {
    const longAfterMs = END_MS + 10 * HELD_MS;
    const first: TimelineEvent = { event: 'attempted', atMs: END_MS, durationMs: 1, status: 500 };
    const redelivery: TimelineEvent = { event: 'redelivery', atMs: longAfterMs };
    const finished: TimelineEvent = { event: 'finished', atMs: longAfterMs, status: 'done' };
    for (const last of [redelivery, finished])
      assert.equal(held(called(0, [FINISHED, first, last]), longAfterMs + 100).delivery.status, 'pending');
  });

  test('where the URL takes no more, it is dead at once, with no attempt counted', () => {
    const { delivery, timeline } = whileGone(called(1), END_MS + 5);
    assert.deepEqual(delivery, { status: 'dead', sequence: 7, attempts: 1 });
    assert.match(JSON.stringify(timeline.at(-1)), /410/);
  });
});

describe('a callback', () => {
  test('is due from the end of its request to the end of its delivery', () => {
    const stored = called();
    const { callbackUrl: _, ...uncalled } = stored;
    const others: readonly (StoredRequest | undefined)[] = [
      undefined,
      uncalled,
      { ...stored, state: { kind: 'queued' }, delivery: { status: 'pending', attempts: 0 } },
      { ...stored, delivery: { status: 'delivered', sequence: 7, attempts: 1 } },
      { ...stored, delivery: { status: 'dead', sequence: 7, attempts: 3 } },
    ];
    assert.equal(isCalled(stored), true);
    for (const other of others) assert.equal(isCalled(other), false);
  });

  test('that is asked for again and again keeps a bounded timeline, with all that happened to its request', () => {
    const before: TimelineEvent[] = [{ event: 'started', atMs: 1 }, FINISHED];
    let timeline: readonly TimelineEvent[] = before;
    for (let i = 0; i < 100; i++) timeline = withEvents(timeline, [{ event: 'redelivery', atMs: 10 + i }]);
    assert.equal(timeline.length, TIMELINE_EVENTS_MAX);
    assert.deepEqual(timeline.slice(0, 2), before);
    assert.deepEqual(timeline.at(-1), { event: 'redelivery', atMs: 109 });
  });
});
