/** `/values`: numbers kept with their prime factors. Here integers are JSON integers, of any size. */
import * as Type from 'typebox';
import { BATCH_NUMBERS_MAX, TTL_SECONDS_MAX, VALUES_PAGE_MAX } from '../domain/limits.ts';
import { Strict } from './replica-answers.ts';
import { NumberInput } from './submission.ts';

export const ValuesSubmission = Type.Array(NumberInput, {
  minItems: 1,
  maxItems: BATCH_NUMBERS_MAX,
  description: 'The numbers, in any order; one may stand in it several times.',
  examples: [[144, 120]],
});
export type ValuesSubmission = Type.Static<typeof ValuesSubmission>;

const CallerId = Type.String({ description: 'Who is asking; or as a header.' });

export const ValuesSubmissionQuery = Type.Object(
  {
    caller_id: Type.Optional(CallerId),
    ttl: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: TTL_SECONDS_MAX,
        description: 'Seconds that the numbers are kept; without it, for good. Renews what is kept already.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const ValuesQuery = Type.Object(
  {
    caller_id: Type.Optional(CallerId),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: VALUES_PAGE_MAX,
        description: 'At most so many; `Link` leads to the next ones. Without it all are answered.',
      }),
    ),
    after: Type.Optional(
      Type.String({
        pattern: '^[0-9]+$',
        maxLength: 10_000,
        description: 'Only values greater than this.',
      }),
    ),
    strict: Type.Optional(Strict),
  },
  { additionalProperties: false },
);

/** Beyond 2^53 for most readers only if they take care. */
const ExactInteger = Type.Unsafe<bigint>({ type: 'integer', minimum: 1 });

export const Values = Type.Array(
  Type.Object({
    value: ExactInteger,
    prime_factors: Type.Array(ExactInteger, { description: 'Ascending, with multiplicity; none of 1.' }),
  }),
);
export type Values = Type.Static<typeof Values>;

/** Numbers that were accepted together and are not all done yet. */
export const UnfinishedValues = Type.Object({
  batch_id: Type.String({ description: 'Names them together.' }),
  done: Type.Integer({ minimum: 0 }),
  total: Type.Integer({ minimum: 1 }),
});
export type UnfinishedValues = Type.Static<typeof UnfinishedValues>;
