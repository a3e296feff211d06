import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Compile } from 'typebox/compile';
import type { TSchema } from 'typebox';
import * as fc from 'fast-check';
import { ProgressEvent } from '../contract/event-stream.ts';
import { CallbackBody, RequestBody } from '../contract/request-body.ts';
import { RequestPage } from '../contract/request-page.ts';
import { Accepted, AcceptedBatch } from '../contract/submission.ts';
import { DELIVERY_STATUSES } from '../domain/delivery.ts';
import { MODES, STATUSES } from '../domain/request.ts';
import type { RequestView } from '../service/service.ts';
import {
  acceptedBatchJson,
  acceptedJson,
  callbackJson,
  progressEventJson,
  requestJson,
  requestPageJson,
} from './request-json.ts';

const DONE: RequestView = {
  requestId: '0123456789ABCDEFGHJKMNPQRSTV',
  callerId: 'a "quoted" caller\\',
  mode: 'queued',
  status: 'done',
  number: '720',
  factors: [
    { prime: 2n, exponent: 4, certainty: 'proven' },
    { prime: 3n, exponent: 2, certainty: 'probable' },
    { prime: 5n, exponent: 1, certainty: 'composite' },
  ],
  complete: false,
  cpuMs: 1.25,
  acceptedAtMs: 1,
  startedAtMs: 2,
  finishedAtMs: 3,
  timeline: [
    { event: 'accepted', atMs: 1 },
    { event: 'started', atMs: 2 },
    { event: 'paused', atMs: 2, times: 7, lastResumedAtMs: 3 },
    { event: 'recovered', atMs: 2, reason: 'the "worker" failed' },
    { event: 'resumed', atMs: 2 },
    { event: 'finished', atMs: 3, status: 'done', source: 'computed' },
    { event: 'finished', atMs: 3, status: 'cancelled' },
  ],
};

/** One that was called back: in vain, in vain again, taken, asked for again, given up. */
const CALLED: RequestView = {
  ...DONE,
  mode: 'async',
  callbackUrl: 'https://hooks.example.com/a%22b?token=s3cret',
  delivery: { status: 'pending', sequence: 7, attempts: 2, dueAtMs: 9 },
  timeline: [
    { event: 'attempted', atMs: 4, durationMs: 1.23456, status: 503, nextAtMs: 5 },
    { event: 'attempted', atMs: 5, durationMs: 15_000, error: 'timeout: "no answer"', nextAtMs: 6 },
    { event: 'attempted', atMs: 6, durationMs: 1, status: 200 },
    { event: 'delivered', atMs: 7 },
    { event: 'redelivery', atMs: 8 },
    { event: 'dead', atMs: 9, reason: 'no "attempt" is left' },
  ],
};

const time = fc.integer({ min: 0, max: 4e12 });
const present = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const known = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;

const delivery = fc
  .record({
    status: fc.constantFrom(...DELIVERY_STATUSES),
    sequence: present(fc.integer({ min: 1 })),
    attempts: fc.nat(),
    dueAtMs: present(time),
  })
  .map(known);
const timeline = fc.array(
  fc.oneof(
    fc
      .record({
        event: fc.constant('attempted' as const),
        atMs: time,
        durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
        status: present(fc.integer({ min: 100, max: 599 })),
        error: present(fc.string()),
        nextAtMs: present(time),
      })
      .map(known),
    fc.record({ event: fc.constantFrom('delivered' as const, 'redelivery' as const), atMs: time }),
    fc.record({ event: fc.constant('dead' as const), atMs: time, reason: fc.string() }),
    fc.constantFrom(...DONE.timeline),
  ),
);

/** Any request, whether or not the service would ever show it. */
const views = fc
  .record({
    callerId: fc.string(),
    mode: fc.constantFrom(...MODES),
    status: fc.constantFrom(...STATUSES),
    number: fc.bigInt({ min: 1n }).map(String),
    factors: fc.array(
      fc.record({
        prime: fc.bigInt({ min: 2n }),
        exponent: fc.integer({ min: 1, max: 5 }),
        certainty: fc.constantFrom('proven', 'probable', 'composite'),
      }),
    ),
    complete: fc.boolean(),
    cpuMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
    acceptedAtMs: time,
    startedAtMs: present(time),
    finishedAtMs: present(time),
    position: present(fc.nat()),
    expectedMs: present(fc.double({ min: 0, max: 1e12, noNaN: true })),
    error: present(fc.record({ code: fc.constant('job_broke_workers' as const), reason: fc.string() })),
    callbackUrl: present(fc.webUrl({ withQueryParameters: true })),
    delivery: present(delivery),
    timeline,
    progress: present(
      fc.record({
        stage: fc.constantFrom('small', 'siqs'),
        fraction: fc.double({ min: 0, max: 1, noNaN: true }),
        remainingMs: fc.nat(),
        relations: present(fc.record({ found: fc.nat(), needed: fc.nat() })),
      }),
    ),
  })
  .map((view) => {
    const { startedAtMs: _started, finishedAtMs: _finished, ...rest } = DONE;
    return { ...rest, ...known(view) } as RequestView;
  });

/** Throws unless the text is JSON of that schema with no field beyond it. */
function read(schema: TSchema, text: string): Record<string, unknown> {
  const body = JSON.parse(text) as Record<string, unknown>;
  const validator = Compile({ 'Request#': RequestBody }, schema);
  assert.deepEqual(validator.Errors(body), []);
  assert.deepEqual(Object.keys(body), Object.keys((schema as unknown as { properties: object }).properties));
  return body;
}

describe('A request as JSON', () => {
  it('has the form of its schema, whatever the request', () => {
    fc.assert(
      fc.property(views, (view) => {
        assert.equal(read(RequestBody, requestJson(view))['caller_id'], view.callerId);
        const { timeline: _, ...called } = read(RequestBody, requestJson(view));
        assert.deepEqual(read(CallbackBody, callbackJson(view)), called);
        read(Accepted, acceptedJson(view));
        read(AcceptedBatch, acceptedBatchJson([view, view]));
        read(RequestPage, requestPageJson({ requests: [view, view] }));
        read(RequestPage, requestPageJson({ requests: [], next: 'a"b' }));
        read(ProgressEvent, progressEventJson(view));
      }),
    );
  });

  it('says what is known, and null for what is not', () => {
    assert.deepEqual(read(RequestBody, requestJson(DONE)), {
      request_id: '0123456789ABCDEFGHJKMNPQRSTV',
      caller_id: 'a "quoted" caller\\',
      mode: 'queued',
      status: 'done',
      number: '720',
      prime_factors: ['2', '2', '2', '2', '3', '3'],
      factors: [
        { prime: '2', exponent: 4, certainty: 'proven' },
        { prime: '3', exponent: 2, certainty: 'probable' },
        { prime: '5', exponent: 1, certainty: 'composite' },
      ],
      complete: false,
      cpu_ms: 1.25,
      accepted_at: '1970-01-01T00:00:00.001Z',
      started_at: '1970-01-01T00:00:00.002Z',
      finished_at: '1970-01-01T00:00:00.003Z',
      position: null,
      expected_ms: null,
      progress: null,
      callback_url: null,
      delivery: null,
      sequence: null,
      next_attempt_at: null,
      error: null,
      timeline: [
        { event: 'accepted', at: '1970-01-01T00:00:00.001Z' },
        { event: 'started', at: '1970-01-01T00:00:00.002Z' },
        {
          event: 'paused',
          at: '1970-01-01T00:00:00.002Z',
          times: 7,
          last_resumed_at: '1970-01-01T00:00:00.003Z',
        },
        { event: 'recovered', at: '1970-01-01T00:00:00.002Z', reason: 'the "worker" failed' },
        { event: 'resumed', at: '1970-01-01T00:00:00.002Z' },
        { event: 'finished', at: '1970-01-01T00:00:00.003Z', status: 'done', source: 'computed' },
        { event: 'finished', at: '1970-01-01T00:00:00.003Z', status: 'cancelled', source: null },
      ],
    });
  });

  it('tells each attempt to call back, and what came of it', () => {
    const body = read(RequestBody, requestJson(CALLED));
    assert.equal(body['callback_url'], 'https://hooks.example.com/a%22b?token=s3cret');
    assert.deepEqual(
      [body['delivery'], body['sequence'], body['next_attempt_at']],
      ['pending', 7, '1970-01-01T00:00:00.009Z'],
    );
    assert.deepEqual(body['timeline'], [
      {
        event: 'attempted',
        at: '1970-01-01T00:00:00.004Z',
        duration_ms: 1.235,
        status: 503,
        error: null,
        next_at: '1970-01-01T00:00:00.005Z',
      },
      {
        event: 'attempted',
        at: '1970-01-01T00:00:00.005Z',
        duration_ms: 15_000,
        status: null,
        error: 'timeout: "no answer"',
        next_at: '1970-01-01T00:00:00.006Z',
      },
      {
        event: 'attempted',
        at: '1970-01-01T00:00:00.006Z',
        duration_ms: 1,
        status: 200,
        error: null,
        next_at: null,
      },
      { event: 'delivered', at: '1970-01-01T00:00:00.007Z' },
      { event: 'redelivery', at: '1970-01-01T00:00:00.008Z' },
      { event: 'dead', at: '1970-01-01T00:00:00.009Z', reason: 'no "attempt" is left' },
    ]);
  });

  it('shows the query of a callback URL to who asks for the request, and to its receiver, and not in lists', () => {
    const page = read(RequestPage, requestPageJson({ requests: [CALLED] }));
    assert.ok(!JSON.stringify(page).includes('s3cret'));
    assert.ok(requestJson(CALLED).includes('s3cret'));
    assert.ok(callbackJson(CALLED).includes('s3cret'));
  });
});
