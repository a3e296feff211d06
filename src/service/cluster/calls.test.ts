import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Factor } from '../../domain/factorization.ts';
import { MODES, STATUSES } from '../../domain/request.ts';
import type { AcceptResult, RequestView, ValuesBatchResult } from '../service.ts';
import { CALLS } from './calls.ts';
import { FormError, type Form } from './form.ts';

/** As JSON has it: with a prototype. */
const PLAIN = { noNullPrototype: true };
const natural = fc.bigInt({ min: 1n, max: 10n ** 60n });
const factor: fc.Arbitrary<Factor> = fc.record(
  {
    prime: natural,
    exponent: fc.integer({ min: 1, max: 200 }),
    certainty: fc.constantFrom('proven', 'probable', 'composite'),
  },
  PLAIN,
);
const time = fc.nat();
const view: fc.Arbitrary<RequestView> = fc.record(
  {
    requestId: fc.string(),
    callerId: fc.string({ unit: 'grapheme' }),
    mode: fc.constantFrom(...MODES),
    status: fc.constantFrom(...STATUSES),
    number: natural.map(String),
    factors: fc.array(factor),
    complete: fc.boolean(),
    cpuMs: fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs),
    acceptedAtMs: time,
    startedAtMs: time,
    callbackUrl: fc.webUrl(),
    delivery: fc.record(
      {
        status: fc.constantFrom('pending', 'dead'),
        attempts: fc.nat(),
        sequence: fc.nat(),
      },
      PLAIN,
    ),
    error: fc.record({ code: fc.constant('job_broke_workers'), reason: fc.string() }, PLAIN),
    position: fc.nat(),
    progress: fc.record({ stage: fc.constantFrom('siqs', 'ecm'), fraction: fc.constant(0.5) }, PLAIN),
    timeline: fc.array(
      fc.oneof(
        fc.record({ event: fc.constant('accepted'), atMs: time }, PLAIN),
        fc.record({ event: fc.constant('recovered'), atMs: time, reason: fc.string() }, PLAIN),
        fc.record(
          { event: fc.constant('finished'), atMs: time, status: fc.constantFrom(...STATUSES) },
          PLAIN,
        ),
      ),
    ),
  },
  {
    ...PLAIN,
    requiredKeys: [
      'requestId',
      'callerId',
      'mode',
      'status',
      'number',
      'factors',
      'complete',
      'cpuMs',
      'acceptedAtMs',
      'timeline',
    ],
  },
);

function travels<T>(form: Form<T>, value: T): void {
  assert.deepEqual(form.fromBytes(form.toBytes(value)), value);
}

describe('what replicas say to each other arrives as it was said', () => {
  test('requests, whatever is known of them', () => {
    fc.assert(
      fc.property(view, fc.array(view, { maxLength: 3 }), (request, requests) => {
        travels(CALLS.find.answer, { request });
        travels(CALLS.change.answer, { kind: 'changed', request });
        travels(CALLS.accept.answer, { kind: 'accepted', requests, replayed: true });
        travels(CALLS.list.answer, { requests, next: '17' });
      }),
    );
  });

  test('that there is none, and refusals', () => {
    travels(CALLS.find.answer, {});
    travels(CALLS.change.answer, { kind: 'not_found' });
    const refusals: AcceptResult[] = [
      { kind: 'conflict' },
      { kind: 'unavailable', code: 'store_full', retryAfterMs: 2_000 },
      {
        kind: 'quota_exceeded',
        name: 'waiting',
        limit: 7,
        quotas: [{ name: 'waiting', limit: 7, remaining: 0 }],
      },
    ];
    for (const refusal of refusals) {
      travels(CALLS.accept.answer, refusal);
      if (refusal.kind !== 'accepted') travels(CALLS.postValues.answer, refusal);
    }
  });

  test('submissions, with numbers of any length', () => {
    const idempotency = { key: 'k', fingerprint: 'f' };
    fc.assert(
      fc.property(fc.array(natural, { minLength: 1 }), (numbers) => {
        const input = {
          callerId: 'acme',
          mode: 'async',
          callbackUrl: 'https://a.example/',
          numbers,
          idempotency,
        } as const;
        travels(CALLS.accept.question, { input, waitMs: 5 });
        travels(CALLS.postValues.question, {
          input: { callerId: 'acme', numbers, ttlMs: 60_000 },
          waitMs: 5,
        });
      }),
    );
  });

  test('values, and how far a batch of them is', () => {
    const factors: Factor[] = [{ prime: 5n, exponent: 1, certainty: 'proven' }];
    const values = [{ number: '5', factors }];
    travels(CALLS.valuesOf.question, { callerId: 'acme', prime: 2n ** 89n - 1n, after: '7', limit: 1_000 });
    travels(CALLS.valuesOf.answer, { lines: ['5 5', '10 2 5'] });
    const ended = new Map([[3, { requestId: 'r', number: '91', status: 'partial' as const }]]);
    const results: ValuesBatchResult[] = [
      { kind: 'values', values },
      { kind: 'unfinished', batchId: 'b', done: 1, total: 4 },
      { kind: 'incomplete', total: 4, ended },
      { kind: 'not_found' },
    ];
    for (const result of results) travels(CALLS.valuesBatch.answer, result);
    const member = { seq: 16, token: 't', mode: 'values', number: '5' } as const;
    travels(CALLS.members.answer, {
      members: [
        { ...member, state: { kind: 'queued' } },
        { ...member, state: { kind: 'done', finishedAtMs: 1, cpuMs: 2, factors } },
      ],
    });
  });

  test('renewals, with and without an end', () => {
    const renewals = [
      { number: '5', version: 2 ** 52, expiresAtMs: 7 },
      { number: '6', version: 1 },
    ];
    travels(CALLS.renew.question, { scope: '', renewals });
  });
});

test('what is of another form is not believed', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const request = { requestId: 'r', callerId: 'acme' };
  for (const text of ['', 'null', '[]', '{"request":null}', JSON.stringify({ request })])
    assert.throws(() => CALLS.find.answer.fromBytes(bytes(text)), FormError, text);
  const renewals = [{ number: '-5', version: 1 }];
  assert.throws(
    () => CALLS.renew.question.fromBytes(bytes(JSON.stringify({ scope: '', renewals }))),
    FormError,
  );
});
