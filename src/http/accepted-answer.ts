/** What a submission is answered with: accepted, with where to look; or why not. */
import type { FastifyReply } from 'fastify';
import { hasEnded } from '../domain/request.ts';
import type { AcceptResult, RequestView } from '../service/service.ts';
import type { Form } from './accept-input.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import { HttpProblem } from './problem.ts';
import { pollSeconds } from './poll-seconds.ts';
import { acceptedBatchJson, acceptedJson } from './request-json.ts';
import { quotaProblem } from './quota-problem.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { unavailable } from './unavailable.ts';
import type { UnsentAnswers } from './unsent-answers.ts';

/** The requests that were accepted, at least one, with the caller's quotas told to `reply`; throws an HttpProblem if none was. */
export function acceptedRequests(
  result: AcceptResult,
  reply: FastifyReply,
): readonly [RequestView, ...RequestView[]] {
  if (result.kind !== 'accepted') throw refusal(result);
  reply.headers(rateLimitHeaders(result.quotas ?? []));
  const [first, ...others] = result.requests;
  if (first === undefined) throw new Error('The service accepted numbers and named no request');
  return [first, ...others];
}

/** Why nothing was accepted. */
export function refusal(result: Exclude<AcceptResult, { readonly kind: 'accepted' }>): HttpProblem {
  if (result.kind === 'unavailable') return unavailable(result.code, result.retryAfterMs, result.detail);
  if (result.kind === 'quota_exceeded') return quotaProblem(result);
  return new HttpProblem(
    'idempotency_conflict',
    'This Idempotency-Key was used within the last 24 hours for another request; take a new key for a new request',
  );
}

/** 202. */
export function sendAccepted(
  requests: readonly [RequestView, ...RequestView[]],
  form: Form,
  reply: FastifyReply,
  unsent: UnsentAnswers,
): FastifyReply {
  reply.code(202).header('content-type', JSON_CONTENT_TYPE);
  if (form === 'numbers') return unsent.sendAnyway(reply, acceptedBatchJson(requests));
  const [first] = requests;
  reply.header('location', `/requests/${first.requestId}`);
  if (!hasEnded(first.status)) reply.header('retry-after', String(pollSeconds(first)));
  return reply.send(acceptedJson(first));
}
