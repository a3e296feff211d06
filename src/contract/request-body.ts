/** A request as every endpoint shows it. All fields are always there; what is not known (yet) is null. */
import * as Type from 'typebox';
import type { Certainty } from '../domain/factorization.ts';
import { DELIVERY_STATUSES } from '../domain/delivery.ts';
import { MODES, STATUSES } from '../domain/request.ts';

const CERTAINTIES = ['proven', 'probable', 'composite'] as const satisfies readonly Certainty[];
const SOURCES = ['computed', 'shared', 'known'] as const;
const STAGES = [
  'small',
  'trial-division',
  'ecm',
  'siqs',
  'linear-algebra',
  'square-root',
  'primality',
] as const;

const orNull = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });
const Time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC, with milliseconds.' });
const Status = Type.Enum([...STATUSES], { type: 'string' });

export const ProgressBody = Type.Object({
  stage: Type.Enum([...STAGES], { type: 'string' }),
  fraction: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Of the whole job; a guess before the sieve.',
  }),
  remaining_ms: orNull(Type.Number({ minimum: 0 }), 'CPU milliseconds still to go, as far as can be told.'),
  relations: Type.Optional(
    Type.Object(
      { found: Type.Integer({ minimum: 0 }), needed: Type.Integer({ minimum: 0 }) },
      { description: 'In the stage `siqs`: relations that count, and how many are needed.' },
    ),
  ),
});
export type ProgressBody = Type.Static<typeof ProgressBody>;

const TimelineEntry = Type.Union([
  Type.Object({ event: Type.Enum(['accepted', 'started', 'resumed'], { type: 'string' }), at: Time }),
  Type.Object({
    event: Type.Enum(['paused'], { type: 'string' }),
    at: Time,
    times: Type.Integer({ minimum: 1, description: 'Pauses so far; `at` is the first.' }),
    last_resumed_at: Time,
  }),
  Type.Object({ event: Type.Enum(['recovered'], { type: 'string' }), at: Time, reason: Type.String() }),
  Type.Object({
    event: Type.Enum(['finished'], { type: 'string' }),
    at: Time,
    status: Status,
    source: orNull(
      Type.Enum([...SOURCES], { type: 'string' }),
      'Computed for this request, shared with an equal number in flight, or known from before; null where there is no answer.',
    ),
  }),
  Type.Object(
    {
      event: Type.Enum(['attempted'], { type: 'string' }),
      at: Time,
      duration_ms: Type.Number({ minimum: 0 }),
      status: orNull(Type.Integer(), 'What the endpoint answered.'),
      error: orNull(Type.String(), 'Class and words, where no answer came.'),
      next_at: orNull(Time, 'When the next attempt is due; null after the last one.'),
    },
    { description: 'An attempt to call back.' },
  ),
  Type.Object({ event: Type.Enum(['delivered', 'redelivery'], { type: 'string' }), at: Time }),
  Type.Object({ event: Type.Enum(['dead'], { type: 'string' }), at: Time, reason: Type.String() }),
]);

export const RequestBody = Type.Object({
  request_id: Type.String(),
  caller_id: Type.String(),
  mode: Type.Enum([...MODES], { type: 'string' }),
  status: Status,
  number: Type.String({ description: 'The number in decimal.' }),
  prime_factors: Type.Array(Type.String(), {
    description:
      'The prime factors known, ascending, with multiplicity. Empty until the request is `done` or `partial` for the first time, and for 1.',
  }),
  factors: Type.Array(
    Type.Object({
      prime: Type.String(),
      exponent: Type.Integer({ minimum: 1 }),
      certainty: Type.Enum([...CERTAINTIES], {
        type: 'string',
        description:
          '`proven` prime, `probable` prime (BPSW), or `composite`: known to split, not split yet.',
      }),
    }),
    { description: 'Ascending. They multiply to the number.' },
  ),
  complete: Type.Boolean({ description: 'Whether all factors are prime.' }),
  cpu_ms: Type.Number({ minimum: 0, description: 'CPU milliseconds spent on the number, on all threads.' }),
  accepted_at: Time,
  started_at: orNull(Time, 'When work for it began.'),
  finished_at: orNull(Time, 'When it ended.'),
  position: orNull(
    Type.Integer({ minimum: 0 }),
    "While queued: how many of the caller's own requests at most go first.",
  ),
  expected_ms: orNull(
    Type.Number({ minimum: 0 }),
    'While queued or running: a guess of the milliseconds until it ends.',
  ),
  progress: orNull(ProgressBody, 'While running.'),
  callback_url: orNull(Type.String(), 'Where its end is told; in lists without its query.'),
  delivery: orNull(
    Type.Enum([...DELIVERY_STATUSES], { type: 'string' }),
    'How its callback stands: `pending` from acceptance on, `dead` after the last attempt. Null without a callback.',
  ),
  sequence: orNull(
    Type.Integer({ minimum: 1 }),
    'Numbers the callbacks of its caller (on one shard) in the order of their ends, without gaps. Null until it has ended.',
  ),
  next_attempt_at: orNull(Time, 'When the next attempt to call back is due.'),
  error: orNull(Type.Object({ code: Type.String(), reason: Type.String() }), 'Why it is `failed`.'),
  timeline: Type.Array(TimelineEntry, { description: 'What happened to it, oldest first.' }),
});
export type RequestBody = Type.Static<typeof RequestBody>;

/** What a callback brings: the request as `GET /requests/{id}` shows it, without its timeline. */
export const CallbackBody = Type.Omit(RequestBody, ['timeline']);
export type CallbackBody = Type.Static<typeof CallbackBody>;
