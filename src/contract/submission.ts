/** What `POST /requests`, `POST /sync` and `POST /async` take, and what they answer with. */
import * as Type from 'typebox';
import { STATUSES } from '../domain/request.ts';
import { BATCH_NUMBERS_MAX } from '../domain/limits.ts';

/** A number on its way in: a JSON integer of any size, or text. What it may be is `parseNumber`'s to say. */
export const NumberInput = Type.Union([Type.Integer(), Type.String({ minLength: 1 })], {
  description:
    'An integer of at least 1: a JSON integer of any size, a decimal string, `0x…`, or an expression with `+ - * / ^ ! # ( )`, where `/` must come out even and `p#` is the product of the primes up to p.',
  examples: ['100000000000000000050700000000000000004563', '2^128+1', '0xff', '30!+1'],
});
export type NumberInput = Type.Static<typeof NumberInput>;

/** Given whole, since documentation tools make a double of a number's own example. */
const EXAMPLE = { number: '100000000000000000050700000000000000004563' };

/** Exactly one of the two. */
export const Submission = Type.Object(
  {
    number: Type.Optional(NumberInput),
    numbers: Type.Optional(
      Type.Array(NumberInput, {
        minItems: 1,
        maxItems: BATCH_NUMBERS_MAX,
        description: 'One request is made for each, all or none.',
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1, examples: [EXAMPLE] },
);
export type Submission = Type.Static<typeof Submission>;

/** One number, answered inline. */
export const SyncSubmission = Type.Object(
  { number: NumberInput },
  { additionalProperties: false, examples: [EXAMPLE] },
);
export type SyncSubmission = Type.Static<typeof SyncSubmission>;

/** As `Submission`, with the URL that the end of each request is told to. */
export const AsyncSubmission = Type.Object(
  {
    ...Submission.properties,
    callback_url: Type.String({
      description: 'An http or https URL of a public host; one for all numbers.',
      examples: ['https://hooks.example.com/factored'],
    }),
  },
  {
    additionalProperties: false,
    minProperties: 2,
    maxProperties: 2,
    examples: [{ ...EXAMPLE, callback_url: 'https://hooks.example.com/factored' }],
  },
);
export type AsyncSubmission = Type.Static<typeof AsyncSubmission>;

const Status = Type.Enum([...STATUSES], { type: 'string', description: 'Where the request stands.' });
const RequestId = Type.String({ description: 'Names the request from now on.' });
const DecimalNumber = Type.String({ pattern: '^[1-9][0-9]*$', description: 'The number in decimal.' });

/** The answer to one number. */
export const Accepted = Type.Object({
  request_id: RequestId,
  status: Status,
  number: DecimalNumber,
  position: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
    description: "How many of the caller's own requests at most go first; null once it runs.",
  }),
  expected_ms: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: 'A guess of the milliseconds until it ends; null where there is none.',
  }),
});
export type Accepted = Type.Static<typeof Accepted>;

/** The answer to several, in the order of `numbers`. */
export const AcceptedBatch = Type.Object({
  requests: Type.Array(Type.Object({ request_id: RequestId, number: DecimalNumber, status: Status })),
});
export type AcceptedBatch = Type.Static<typeof AcceptedBatch>;
