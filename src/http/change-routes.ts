/** `DELETE /requests/{id}` and `POST /requests/{id}/resume`. */
import type { FastifyReply } from 'fastify';
import type { ChangeResult, RequestView } from '../service/service.ts';
import { answer, LOCATION, POLLING, PROBLEM, UNAVAILABLE } from './documented.ts';
import { notFound, RequestParams } from './fetch-route.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { HttpProblem } from './problem.ts';
import { requestJson } from './request-json.ts';
import { pollSeconds } from './poll-seconds.ts';
import { unavailable } from './unavailable.ts';

export function addChangeRoutes(app: HttpApp, { service }: HttpContext): void {
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
        await service.cancel(request.params.request_id),
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
        await service.resume(request.params.request_id),
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
}

const REFUSALS = {
  already_ended: (status: string) => `The request has ended already: it is ${status}`,
  not_resumable: (status: string) => `Only a partial request can be resumed: this one is ${status}`,
};

function changedRequest(
  result: ChangeResult,
  requestId: string,
  refusal: keyof typeof REFUSALS,
): RequestView {
  if (result.kind === 'changed') return result.request;
  if (result.kind === 'not_found') throw notFound(requestId);
  if (result.kind === 'unavailable') throw unavailable(result.code, result.retryAfterMs);
  throw new HttpProblem(refusal, REFUSALS[refusal](result.request.status));
}

function send(reply: FastifyReply, view: RequestView): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('content-type', 'application/json; charset=utf-8')
    .send(requestJson(view));
}
