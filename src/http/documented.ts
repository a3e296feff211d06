/** Parts of the OpenAPI document that the routes share. They describe; nothing here validates. */
import * as Type from 'typebox';
import { CallbackSecret } from '../contract/callback-secret.ts';
import { ProgressEvent } from '../contract/event-stream.ts';
import { Readiness } from '../contract/health.ts';
import { ProblemBody } from '../contract/problem-body.ts';
import { CallbackBody, RequestBody } from '../contract/request-body.ts';
import { RequestPage } from '../contract/request-page.ts';
import { UnfinishedValues, Values } from '../contract/values.ts';
import { Accepted, AcceptedBatch } from '../contract/submission.ts';

/** The schemas that have a name in the document. */
export const COMPONENTS = {
  Accepted,
  AcceptedBatch,
  Callback: CallbackBody,
  CallbackSecret,
  Problem: ProblemBody,
  ProgressEvent,
  Readiness,
  Request: RequestBody,
  RequestPage,
  UnfinishedValues,
  Values,
};

type Headers = Readonly<Record<string, Type.TSchema>>;

/** An answer in JSON, with one of the named schemas or several. */
export function answer(
  description: string,
  names: readonly (keyof typeof COMPONENTS)[],
  headers: Headers = {},
) {
  const refs = names.map((name) => ({ $ref: `${name}#` }));
  const schema = refs.length === 1 ? refs[0] : { anyOf: refs };
  return { description, headers, content: { 'application/json': { schema } } };
}

/** The quotas of the caller, where it has some. */
export const RATE_LIMIT: Headers = {
  RateLimit: Type.String({
    description:
      '`"waiting";r=95, "per-minute";r=590;t=2`: what is left of each quota, and seconds until it is whole again. Absent without quotas.',
  }),
  'RateLimit-Policy': Type.String({
    description: '`"waiting";q=100, "per-minute";q=600;w=60`: the quotas, and their windows in seconds.',
  }),
};
export const PREFERENCE: Headers = {
  'Preference-Applied': Type.String({ description: 'What of `Prefer` was taken; absent if nothing was.' }),
};

/** Every refusal. */
export const PROBLEM = {
  description: 'Refused. At 429 the headers say what is left, and when to come back.',
  headers: {
    ...RATE_LIMIT,
    'Retry-After': Type.Integer({ description: 'With 429: seconds until another try makes sense.' }),
  },
  content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
};

/** A refusal that passes by itself. */
export const UNAVAILABLE = {
  description: 'Not now.',
  content: PROBLEM.content,
  headers: { 'Retry-After': Type.Integer({ description: 'Seconds until another try makes sense.' }) },
};

export const LOCATION: Headers = {
  Location: Type.String({ description: 'Where the request is to be fetched.' }),
};
export const BATCH_LOCATION: Headers = {
  Location: Type.String({ description: 'Where the batch is to be fetched.' }),
};
export const REPLICAS: Headers = {
  Replicas: Type.String({
    description:
      '`expected=4, answered=3, missing=("name")`: how many replicas hold something, and who was not heard. Absent where there is one replica only.',
  }),
};
export const POLLING: Headers = {
  'Retry-After': Type.Integer({
    description: 'Seconds until asking again makes sense; absent once it has ended.',
  }),
};
export const VALIDATOR: Headers = { ETag: Type.String({ description: 'Strong, over the body.' }) };
export const NOT_MODIFIED = {
  description: 'It is as the entity tag given says.',
  headers: VALIDATOR,
  type: 'null',
};

/** What `POST /async` leads to. Complete as it stands: the schemas of routes carry no more of a callback than its bodies. */
export const CALLBACKS = {
  ended: {
    '{$request.body#/callback_url}': {
      post: {
        summary: 'The request has ended',
        description:
          'Made at least once, signed by Standard Webhooks with the secret of its caller. Of the answer, which must come within 15 seconds, the status and `Retry-After` count.',
        parameters: [
          callbackHeader('webhook-id', 'The same at each attempt.'),
          callbackHeader('webhook-timestamp', 'When this attempt was made: seconds since 1970.'),
          callbackHeader('webhook-signature', '`v1,` and the signature; several with spaces between.'),
        ],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Callback' } } },
        },
        responses: {
          '2XX': { description: 'Taken.' },
          '410': {
            description:
              'The endpoint is gone: nothing of its caller is sent there any more, unless it is asked for again.',
          },
          default: { description: 'Failed, redirects included: it is tried again.' },
        },
      },
    },
  },
};

function callbackHeader(name: string, description: string) {
  return { name, in: 'header', required: true, description, schema: { type: 'string' } } as const;
}

/** The query of a route where a caller id may be given. */
export const CALLER_QUERY = Type.Object(
  { caller_id: Type.Optional(Type.String({ description: 'Who is asking; or as a header.' })) },
  { additionalProperties: false },
);

/** Request headers, for a route's `config.headers`. */
export const CALLER_ID_HEADERS: Headers = {
  'X-Caller-Id': Type.Optional(
    Type.String({
      description:
        'Who is asking; also as `caller-id`, `caller_id`, or `caller_id` in the query. One of them must be given.',
    }),
  ),
};
export const OPTIONAL_CALLER_ID_HEADERS: Headers = {
  'X-Caller-Id': Type.Optional(
    Type.String({
      description:
        'Who is asking, `anonymous` by default; also as `caller-id`, `caller_id`, or `caller_id` in the query.',
    }),
  ),
};
export const IDEMPOTENCY_HEADERS: Headers = {
  'Idempotency-Key': Type.Optional(
    Type.String({ description: '1 to 255 printable ASCII characters, in quotes or not.' }),
  ),
};
export const PATIENCE_HEADERS: Headers = {
  Prefer: Type.Optional(Type.String({ description: '`wait=N`: hold the answer for up to N seconds.' })),
};
export const WAIT_HEADERS: Headers = {
  ...PATIENCE_HEADERS,
  'If-None-Match': Type.Optional(Type.String({ description: 'The entity tag known.' })),
};
export const SYNC_WAIT_HEADERS: Headers = {
  Prefer: Type.Optional(
    Type.String({
      description: '`wait=N`: wait for the result for up to N seconds; `respond-async`: do not wait.',
    }),
  ),
};
export const RESUME_STREAM_HEADERS: Headers = {
  'Last-Event-ID': Type.Optional(Type.String({ description: 'Sent by an EventSource that reconnects.' })),
};
