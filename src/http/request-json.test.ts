import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Compile } from 'typebox/compile';
import type { TSchema } from 'typebox';
import * as fc from 'fast-check';
import { ProgressEvent } from '../contract/event-stream.ts';
import { RequestBody } from '../contract/request-body.ts';
import { RequestPage } from '../contract/request-page.ts';
import { Accepted, AcceptedBatch } from '../contract/submission.ts';
import { MODES, STATUSES } from '../domain/request.ts';
import type { RequestView } from '../service/service.ts';
import {
  acceptedBatchJson,
  acceptedJson,
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

const time = fc.integer({ min: 0, max: 4e12 });
const present = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

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
    progress: present(
      fc.record({
        stage: fc.constantFrom('small', 'siqs'),
        fraction: fc.double({ min: 0, max: 1, noNaN: true }),
        remainingMs: fc.nat(),
      }),
    ),
  })
  .map((view) => {
    const known = Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined));
    return { ...DONE, startedAtMs: undefined, finishedAtMs: undefined, ...known } as unknown as RequestView;
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
});
