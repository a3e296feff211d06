/**
 * All that replicas ask each other: under which topic, and in which form the question and the answer travel.
 *
 * The forms say what of a message is relied upon. Whoever changes one so that others would misunderstand it raises `PROTOCOL`.
 */
import * as Type from 'typebox';
import type { Factor } from '../../domain/factorization.ts';
import { DELIVERY_STATUSES } from '../../domain/delivery.ts';
import { MODES, STATUSES } from '../../domain/request.ts';
import type { CallerKey, PendingRenewals } from '../../store/store.ts';
import type {
  AcceptInput,
  AcceptResult,
  ChangeResult,
  ListRequests,
  PostValuesResult,
  RequestList,
  RequestView,
  ValueLines,
  ValuesBatchResult,
  ValuesInput,
  ValuesOfQuery,
} from '../service.ts';
import type { BatchMember } from '../values-batch.ts';
import { BYTES_FORM, jsonForm, plainForm, type Form, type Json } from './form.ts';
import { VALUES_FORM } from './values-form.ts';

export interface Call<Q, A> {
  readonly topic: string;
  readonly question: Form<Q>;
  readonly answer: Form<A>;
}

/** What may be done to a request by its id. */
const CHANGES = ['cancel', 'resume', 'redeliver'] as const;
export type Change = (typeof CHANGES)[number];

type Found = { readonly request?: RequestView };
type Factors = { readonly factors: readonly Factor[] };

const DECIMAL = Type.String({ pattern: '^[0-9]+$' });
const FACTOR = Type.Object({
  prime: DECIMAL,
  exponent: Type.Integer({ minimum: 1 }),
  certainty: Type.Enum(['proven', 'probable', 'composite']),
});
const EVENT = Type.Object({ event: Type.String(), atMs: Type.Number() });
const VIEW = Type.Object({
  requestId: Type.String(),
  callerId: Type.String(),
  mode: Type.Enum([...MODES]),
  status: Type.Enum([...STATUSES]),
  number: DECIMAL,
  factors: Type.Array(FACTOR),
  complete: Type.Boolean(),
  cpuMs: Type.Number(),
  acceptedAtMs: Type.Number(),
  startedAtMs: Type.Optional(Type.Number()),
  finishedAtMs: Type.Optional(Type.Number()),
  callbackUrl: Type.Optional(Type.String()),
  delivery: Type.Optional(
    Type.Object({ status: Type.Enum([...DELIVERY_STATUSES]), attempts: Type.Integer() }),
  ),
  error: Type.Optional(Type.Object({ code: Type.String(), reason: Type.String() })),
  position: Type.Optional(Type.Number()),
  expectedMs: Type.Optional(Type.Number()),
  progress: Type.Optional(Type.Object({ stage: Type.String(), fraction: Type.Number() })),
  timeline: Type.Array(EVENT),
});
const VALUE = Type.Object({ number: DECIMAL, factors: Type.Array(FACTOR) });
const UNFINISHED = Type.Object({
  kind: Type.Literal('unfinished'),
  batchId: Type.String(),
  done: Type.Integer(),
  total: Type.Integer(),
});
const REFUSAL = Type.Union([
  Type.Object({ kind: Type.Literal('conflict') }),
  Type.Object({ kind: Type.Literal('unavailable'), code: Type.String(), retryAfterMs: Type.Number() }),
  Type.Object({
    kind: Type.Literal('quota_exceeded'),
    name: Type.String(),
    limit: Type.Number(),
    quotas: Type.Array(Type.Object({ name: Type.String(), limit: Type.Number(), remaining: Type.Number() })),
  }),
]);
const INPUT = {
  callerId: Type.String(),
  numbers: Type.Array(DECIMAL, { minItems: 1 }),
  ttlMs: Type.Optional(Type.Number()),
  idempotency: Type.Optional(Type.Object({ key: Type.String(), fingerprint: Type.String() })),
};
const NOTHING = plainForm<object>(Type.Object({}));

export const CALLS = {
  find: call<{ readonly requestId: string }, Found>(
    'find',
    plainForm(Type.Object({ requestId: Type.String() })),
    jsonForm(Type.Object({ request: Type.Optional(VIEW) }), revivedFound),
  ),
  /** Like `find`, but is answered once the request has ended, or after `waitMs`. */
  wait: call<{ readonly requestId: string; readonly waitMs: number }, Found>(
    'wait',
    plainForm(Type.Object({ requestId: Type.String(), waitMs: Type.Number() })),
    jsonForm(Type.Object({ request: Type.Optional(VIEW) }), revivedFound),
  ),
  change: call<{ readonly requestId: string; readonly change: Change }, ChangeResult>(
    'change',
    plainForm(Type.Object({ requestId: Type.String(), change: Type.Enum([...CHANGES]) })),
    jsonForm(
      Type.Union([
        Type.Object({ kind: Type.Enum(['changed', 'refused']), request: VIEW }),
        Type.Object({ kind: Type.Literal('not_found') }),
        REFUSAL,
      ]),
      (json) => ('request' in json ? { ...json, request: revivedView(json.request) } : json),
    ),
  ),
  /** `waitMs`: the client waits inline. */
  accept: call<{ readonly input: AcceptInput; readonly waitMs?: number }, AcceptResult>(
    'accept',
    jsonForm(
      Type.Object({
        input: Type.Object({
          ...INPUT,
          mode: Type.Enum([...MODES]),
          callbackUrl: Type.Optional(Type.String()),
        }),
        waitMs: Type.Optional(Type.Number()),
      }),
      ({ input, ...rest }) => ({ ...rest, input: revivedNumbers<AcceptInput>(input) }),
    ),
    jsonForm(
      Type.Union([
        Type.Object({
          kind: Type.Literal('accepted'),
          requests: Type.Array(VIEW),
          replayed: Type.Boolean(),
        }),
        REFUSAL,
      ]),
      (json) =>
        (json.kind === 'accepted'
          ? { ...json, requests: json.requests.map(revivedView) }
          : json) as AcceptResult,
    ),
  ),
  postValues: call<{ readonly input: ValuesInput; readonly waitMs: number }, PostValuesResult>(
    'post-values',
    jsonForm(Type.Object({ input: Type.Object(INPUT), waitMs: Type.Number() }), ({ input, ...rest }) => ({
      ...rest,
      input: revivedNumbers<ValuesInput>(input),
    })),
    jsonForm(
      Type.Union([
        Type.Object({ kind: Type.Literal('values'), values: Type.Array(VALUE) }),
        UNFINISHED,
        REFUSAL,
      ]),
      (json) =>
        (json.kind === 'values'
          ? { ...json, values: json.values.map(revivedFactors) }
          : json) as PostValuesResult,
    ),
  ),
  /** How far a batch is whose requests are all in one place; `not_found` otherwise. */
  valuesBatch: call<{ readonly batchId: string; readonly waitMs: number }, ValuesBatchResult>(
    'values-batch',
    plainForm(Type.Object({ batchId: Type.String(), waitMs: Type.Number() })),
    valuesBatchForm(),
  ),
  /** The requests with these sequence numbers that are there, in any order. */
  members: call<{ readonly seqs: readonly number[] }, { readonly members: readonly BatchMember[] }>(
    'members',
    plainForm(Type.Object({ seqs: Type.Array(Type.Integer()) })),
    jsonForm(
      Type.Object({
        members: Type.Array(
          Type.Object({
            seq: Type.Integer(),
            token: Type.String(),
            mode: Type.Enum([...MODES]),
            number: DECIMAL,
            state: Type.Object({ kind: Type.String(), factors: Type.Optional(Type.Array(FACTOR)) }),
          }),
        ),
      }),
      ({ members }) => ({
        members: members.map((member) => {
          const { factors, ...state } = member.state as typeof member.state & Partial<Json<Factors>>;
          return { ...member, state: factors ? revivedFactors({ ...state, factors }) : state } as BatchMember;
        }),
      }),
    ),
  ),
  list: call<ListRequests, RequestList>(
    'list',
    plainForm(
      Type.Object({
        callerId: Type.Optional(Type.String()),
        mode: Type.Optional(Type.Enum([...MODES])),
        status: Type.Optional(Type.Enum([...STATUSES])),
        delivery: Type.Optional(Type.Enum([...DELIVERY_STATUSES])),
        cursor: Type.Optional(DECIMAL),
        limit: Type.Integer({ minimum: 1 }),
      }),
    ),
    jsonForm(
      Type.Object({ requests: Type.Array(VIEW), next: Type.Optional(DECIMAL) }),
      ({ requests, ...rest }) => ({ ...rest, requests: requests.map(revivedView) }),
    ),
  ),
  /** The values with a prime factor that are kept there, ascending. */
  valuesOf: call<ValuesOfQuery, Pick<ValueLines, 'lines'>>(
    'values-of',
    jsonForm(
      Type.Object({
        callerId: Type.String(),
        prime: DECIMAL,
        after: Type.Optional(DECIMAL),
        limit: Type.Integer({ minimum: 1 }),
        isKnownPrime: Type.Optional(Type.Boolean()),
      }),
      (json) => ({ ...json, prime: BigInt(json.prime) }),
    ),
    VALUES_FORM,
  ),
  /** New terms for those of these numbers that are kept there. Durable when it is answered. */
  renew: call<PendingRenewals, object>(
    'renew',
    plainForm(
      Type.Object({
        scope: Type.String(),
        renewals: Type.Array(
          Type.Object({
            number: DECIMAL,
            version: Type.Integer(),
            expiresAtMs: Type.Optional(Type.Number()),
          }),
        ),
      }),
    ),
    NOTHING,
  ),
  /** Tell that shard whatever it is still to be told. Answered when it has been. */
  flush: call<{ readonly shard: number }, object>(
    'flush',
    plainForm(Type.Object({ shard: Type.Integer() })),
    NOTHING,
  ),
  /** Whether what comes under these keys is that replica's to accept, for each. */
  holdsKeys: call<
    { readonly shard: number; readonly keys: readonly CallerKey[] },
    { readonly held: readonly boolean[] }
  >(
    'holds-keys',
    plainForm(
      Type.Object({
        shard: Type.Integer(),
        keys: Type.Array(Type.Object({ callerId: Type.String(), key: Type.String() })),
      }),
    ),
    plainForm(Type.Object({ held: Type.Array(Type.Boolean()) })),
  ),
  /** A parcel to take over. Durable when it is answered. */
  adopt: call<Uint8Array, object>('adopt', BYTES_FORM, NOTHING),
};

function call<Q, A>(topic: string, question: Form<Q>, answer: Form<A>): Call<Q, A> {
  return { topic, question, answer };
}

/** The ends of a batch's requests travel as pairs: a map has no JSON. */
function valuesBatchForm(): Form<ValuesBatchResult> {
  type Incomplete = Extract<ValuesBatchResult, { readonly kind: 'incomplete' }>;
  type Written =
    | Exclude<ValuesBatchResult, Incomplete>
    | (Omit<Incomplete, 'ended'> & { readonly ended: readonly (readonly [number, EndedName])[] });
  type EndedName = Incomplete['ended'] extends ReadonlyMap<number, infer Name> ? Name : never;
  const form = jsonForm<Written>(
    Type.Union([
      Type.Object({ kind: Type.Literal('values'), values: Type.Array(VALUE) }),
      UNFINISHED,
      Type.Object({
        kind: Type.Literal('incomplete'),
        total: Type.Integer(),
        ended: Type.Array(
          Type.Tuple([
            Type.Integer(),
            Type.Object({ requestId: Type.String(), number: DECIMAL, status: Type.Enum([...STATUSES]) }),
          ]),
        ),
      }),
      Type.Object({ kind: Type.Literal('not_found') }),
    ]),
    (json) => (json.kind === 'values' ? { ...json, values: json.values.map(revivedFactors) } : json),
  );
  return {
    toBytes: (result) =>
      form.toBytes(result.kind === 'incomplete' ? { ...result, ended: [...result.ended] } : result),
    fromBytes: (bytes) => {
      const written = form.fromBytes(bytes);
      return written.kind === 'incomplete' ? { ...written, ended: new Map(written.ended) } : written;
    },
  };
}

function revivedFactors<T extends { readonly factors: readonly Json<Factor>[] }>(
  json: T,
): Omit<T, 'factors'> & { readonly factors: readonly Factor[] } {
  return { ...json, factors: json.factors.map((factor) => ({ ...factor, prime: BigInt(factor.prime) })) };
}

function revivedView(json: Json<RequestView>): RequestView {
  return revivedFactors(json);
}

function revivedFound({ request }: Json<Found>): Found {
  return request ? { request: revivedView(request) } : {};
}

function revivedNumbers<T extends { readonly numbers: readonly bigint[] }>(json: Json<T>): T {
  const { numbers } = json as unknown as { readonly numbers: readonly string[] };
  return { ...json, numbers: numbers.map(BigInt) } as unknown as T;
}
