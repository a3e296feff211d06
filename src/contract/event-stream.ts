/**
 * `GET /requests/{id}/events`: server-sent events.
 *
 * `state` comes first and at each change of status (changes close to each other are told as one); its data is the whole request. `progress` comes between; its data is
 * what changed. The stream ends after the state that is final.
 */
import * as Type from 'typebox';
import { STATUSES } from '../domain/request.ts';
import { ProgressBody, type RequestBody } from './request-body.ts';

export const ProgressEvent = Type.Object({
  request_id: Type.String(),
  status: Type.Enum([...STATUSES], { type: 'string' }),
  position: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  expected_ms: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
  progress: Type.Union([ProgressBody, Type.Null()]),
});
export type ProgressEvent = Type.Static<typeof ProgressEvent>;

/** The `data` of each `event`. */
export interface EventPayloads {
  readonly state: RequestBody;
  readonly progress: ProgressEvent;
}
