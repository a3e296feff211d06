/** Nothing that the service answers is believed unseen: factors must multiply to the number. Pure. */
import type { RequestBody } from '../contract/request-body.ts';
import { factorizationOf } from './factorization.ts';
import { isObject } from './is-object.ts';
import { WrongAnswerError } from './wrong-answer-error.ts';

const ENDED: Record<RequestBody['status'], boolean> = {
  queued: false,
  running: false,
  done: true,
  partial: true,
  failed: true,
  cancelled: true,
};

export function isEnded({ status }: RequestBody): boolean {
  return ENDED[status];
}

/** `body` as a request. Throws a WrongAnswerError if it is none, or if it carries factors that do not multiply to its number. */
export function checkedRequest(body: unknown): RequestBody {
  if (!isRequest(body))
    throw new WrongAnswerError('The answer is not a request: is this the URL of a fairsieve service?');
  if (body.status === 'done' || body.status === 'partial') factorizationOf(body);
  return body;
}

/** Looks at the fields on which the client itself relies. */
function isRequest(body: unknown): body is RequestBody {
  if (!isObject(body) || typeof body.request_id !== 'string' || typeof body.number !== 'string') return false;
  return typeof body.status === 'string' && body.status in ENDED && Array.isArray(body.factors);
}
