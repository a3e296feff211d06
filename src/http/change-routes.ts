/** `DELETE /requests/{id}`, `POST /requests/{id}/resume` and `POST /requests/{id}/redeliver`. */
import type { FastifyReply } from 'fastify';
import { hasEnded } from '../domain/request.ts';
import type { ChangeResult, RequestView } from '../service/service.ts';
import { answer, LOCATION, POLLING, PROBLEM, UNAVAILABLE } from './documented.ts';
import { notFound, RequestParams } from './fetch-route.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { isoTime } from './iso-time.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import { HttpProblem } from './problem.ts';
import { requestJson } from './request-json.ts';
import { pollSeconds } from './poll-seconds.ts';
import { quotaProblem } from './quota-problem.ts';
import { unavailable } from './unavailable.ts';

export function addChangeRoutes(app: HttpApp, { serviceFor }: HttpContext): void {
  app.delete(
    '/requests/:request_id',
    {
      schema: {
        operationId: 'cancel',
        summary: 'Cancel a request that has not ended',
        tags: ['requests'],
        params: RequestParams,
        response: { 200: answer('Cancelled.', ['Request']), '4xx': PROBLEM, 503: UNAVAILABLE },
      },
    },
    async (request, reply) => {
      const changed = changedRequest(
        await serviceFor(request).cancel(request.params.request_id),
        request.params.request_id,
        'already_ended',
      );
      return send(reply, changed);
    },
  );

  app.post(
    '/requests/:request_id/resume',
    {
      schema: {
        operationId: 'resume',
        summary: 'Give a partial request another CPU budget; it goes on where it was',
        description: 'Not while the callback of its end is still to be delivered.',
        tags: ['requests'],
        params: RequestParams,
        response: {
          202: answer('It waits again.', ['Request'], { ...LOCATION, ...POLLING }),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
    },
    async (request, reply) => {
      const changed = changedRequest(
        await serviceFor(request).resume(request.params.request_id),
        request.params.request_id,
        'not_resumable',
      );
      reply
        .code(202)
        .header('location', `/requests/${changed.requestId}`)
        .header('retry-after', String(pollSeconds(changed)));
      return send(reply, changed);
    },
  );

  app.post(
    '/requests/:request_id/redeliver',
    {
      schema: {
        operationId: 'redeliver',
        summary: 'Send the callback of a request that has ended again, whatever became of it',
        description:
          'It is due at once, with a new set of attempts, under the same `webhook-id` and `sequence`. Counts as a request of the minute where there is a quota, and is refused while the first attempt is due and not over.',
        tags: ['requests'],
        params: RequestParams,
        response: {
          202: answer('It is due.', ['Request'], LOCATION),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
    },
    async (request, reply) => {
      const { request_id: requestId } = request.params;
      const changed = changedRequest(
        await serviceFor(request).redeliver(requestId),
        requestId,
        'not_deliverable',
      );
      reply.code(202).header('location', `/requests/${changed.requestId}`);
      return send(reply, changed);
    },
  );
}

/** Why a request as it is now can't be changed. */
const REFUSALS = {
  already_ended: ({ status }: RequestView) => `The request has ended already: it is ${status}`,
  not_resumable: ({ status, delivery }: RequestView) => {
    if (status !== 'partial') return `Only a partial request can be resumed: this one is ${status}`;
    const nextAtMs = delivery?.dueAtMs;
    if (delivery?.status !== 'pending' || nextAtMs === undefined)
      return 'The request has changed meanwhile: try again';
    return `The callback of its end is still to be delivered (next attempt at ${isoTime(nextAtMs)}): it can be resumed once that is delivered or dead`;
  },
  not_deliverable: ({ status, callbackUrl, delivery }: RequestView) => {
    if (callbackUrl === undefined)
      return 'The request has no callback URL: only those of POST /async have one';
    if (!hasEnded(status))
      return `The request has not ended yet: it is ${status}, and is called back when it has`;
    if (delivery?.status !== 'pending' || delivery.dueAtMs === undefined)
      return 'The request has changed meanwhile: try again';
    return `Its callback is due already, since ${isoTime(delivery.dueAtMs)}: it can be sent again once that attempt is over`;
  },
} as const;

function changedRequest(
  result: ChangeResult,
  requestId: string,
  refusal: keyof typeof REFUSALS,
): RequestView {
  if (result.kind === 'changed') return result.request;
  if (result.kind === 'not_found') throw notFound(requestId);
  if (result.kind === 'unavailable') throw unavailable(result.code, result.retryAfterMs, result.detail);
  if (result.kind === 'quota_exceeded') throw quotaProblem(result);
  throw new HttpProblem(refusal, REFUSALS[refusal](result.request));
}

function send(reply: FastifyReply, view: RequestView): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('content-type', JSON_CONTENT_TYPE)
    .send(requestJson(view));
}
