/**
 * Every way in which the service says no, in one table; docs/errors.md explains each (a test holds the two together).
 *
 * The code is stable and part of the contract; the title may be reworded. `status` is the HTTP status under which it leaves.
 * Codes of status 200 are reasons inside a request that ended as `failed`: the HTTP exchange itself went well.
 */
export interface Problem {
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS = {
  caller_id_missing: { status: 400, title: 'No caller id was given' },
  caller_id_invalid: { status: 400, title: 'The caller id cannot be used' },
  json_invalid: { status: 400, title: 'The body is not JSON' },
  request_malformed: { status: 400, title: 'This is not a well-formed HTTP request' },
  query_invalid: { status: 400, title: 'A query parameter or header cannot be used' },
  idempotency_key_invalid: { status: 400, title: 'The idempotency key cannot be used' },
  api_key_missing: { status: 401, title: 'No API key was given' },
  api_key_invalid: { status: 401, title: 'The API key is not known' },
  caller_forbidden: { status: 403, title: 'The API key is for another caller' },
  operator_only: { status: 403, title: 'Only an operator may do this' },
  keys_not_in_use: { status: 403, title: 'Callers are not authenticated here' },
  batch_not_found: { status: 404, title: 'There is no such batch' },
  request_not_found: { status: 404, title: 'There is no such request' },
  route_not_found: { status: 404, title: 'There is nothing at this path' },
  method_not_allowed: { status: 405, title: 'The path does not take this method' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  batch_incomplete: { status: 409, title: 'Some numbers of the batch have no answer' },
  not_deliverable: { status: 409, title: 'There is no callback that could be sent again' },
  already_ended: { status: 409, title: 'The request has ended already' },
  not_resumable: { status: 409, title: 'The request cannot be resumed now' },
  body_too_large: { status: 413, title: 'The body is too large' },
  content_type_unsupported: { status: 415, title: 'The body must be application/json' },
  body_invalid: { status: 422, title: 'The body has not the form that is asked for' },
  number_invalid: { status: 422, title: 'A number cannot be read' },
  number_out_of_range: { status: 422, title: 'A number is outside what is accepted' },
  batch_size_invalid: { status: 422, title: 'A batch is empty or too long' },
  callback_url_invalid: { status: 422, title: 'The callback URL cannot be used' },
  ttl_invalid: { status: 422, title: 'The time to live cannot be used' },
  not_prime: { status: 422, title: 'What was asked for is not prime' },
  idempotency_conflict: { status: 422, title: 'The idempotency key was used for something else' },
  quota_exceeded: { status: 429, title: 'The caller has used up a quota' },
  header_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  no_answer: { status: 502, title: 'The replica gave no answer' },
  no_replica: { status: 503, title: 'No replica can be reached' },
  replicas_missing: { status: 503, title: 'Not every replica could be asked' },
  overloaded: { status: 503, title: 'Too much is arriving at once' },
  store_full: { status: 503, title: 'There is no room for new requests now' },
  stopping: { status: 503, title: 'This server is stopping' },
  outcome_unknown: { status: 503, title: 'There was no answer in time' },
  shard_absent: { status: 503, title: 'A part of the cluster does not answer' },
  job_broke_workers: { status: 200, title: 'The number broke its workers repeatedly and was set aside' },
} as const satisfies Record<string, Problem>;

export type ErrorCode = keyof typeof PROBLEMS;
