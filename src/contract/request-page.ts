/** `GET /requests`: what can be asked, and a page of the answer. */
import * as Type from 'typebox';
import { CALLER_ID_BYTES_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../domain/limits.ts';
import { DELIVERY_STATUSES } from '../domain/delivery.ts';
import { MODES, STATUSES } from '../domain/request.ts';
import { ReplicaAnswers, Strict } from './replica-answers.ts';
import type { RequestBody } from './request-body.ts';

export const RequestQuery = Type.Object(
  {
    mode: Type.Optional(Type.Enum([...MODES], { type: 'string' })),
    status: Type.Optional(Type.Enum([...STATUSES], { type: 'string' })),
    delivery: Type.Optional(Type.Enum([...DELIVERY_STATUSES], { type: 'string' })),
    caller_id: Type.Optional(Type.String({ minLength: 1, maxLength: CALLER_ID_BYTES_MAX })),
    cursor: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,16}$', description: '`next` of the page before.' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT })),
    strict: Type.Optional(Strict),
    request_id: Type.Optional(
      Type.String({ maxLength: 100, description: 'Answers like `GET /requests/{id}`; goes with no filter.' }),
    ),
  },
  { additionalProperties: false },
);
export type RequestQuery = Type.Static<typeof RequestQuery>;

export const RequestPage = Type.Object({
  requests: Type.Array(Type.Unsafe<RequestBody>(Type.Ref('Request#')), { description: 'Newest first.' }),
  next: Type.Union([Type.String(), Type.Null()], {
    description:
      'To be given as `cursor` for the next page; null at the end. A page may be short, even empty, and still have a next one.',
  }),
  replicas: Type.Union([ReplicaAnswers, Type.Null()], {
    description: 'Who was heard; null where there is one replica only.',
  }),
});
export type RequestPage = Type.Static<typeof RequestPage>;
