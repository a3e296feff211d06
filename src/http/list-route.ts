/** `GET /requests`: recent requests, newest first, in pages. */
import { PAGE_LIMIT_DEFAULT } from '../domain/limits.ts';
import { RequestQuery } from '../contract/request-page.ts';
import { answer, NOT_MODIFIED, PROBLEM, UNAVAILABLE } from './documented.ts';
import { answerRequest } from './fetch-route.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import { HttpProblem } from './problem.ts';
import { refuseGaps } from './replicas-header.ts';
import { requestPageJson } from './request-json.ts';

export function addListRoute(app: HttpApp, context: HttpContext): void {
  app.get(
    '/requests',
    {
      schema: {
        operationId: 'list',
        summary: 'Recent requests, or with request_id a single one',
        tags: ['requests'],
        querystring: RequestQuery,
        response: {
          200: answer('A page; with `request_id`, the request.', ['RequestPage', 'Request']),
          304: NOT_MODIFIED,
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
    },
    async (request, reply) => {
      const { request_id, mode, status, delivery, caller_id, cursor, limit, strict } = request.query;
      if (request_id !== undefined) {
        const filters = Object.keys(request.query).filter(
          (name) => name !== 'request_id' && name !== 'caller_id',
        );
        if (filters.length > 0)
          throw new HttpProblem(
            'query_invalid',
            `The query parameter request_id goes without ${filters.join(', ')}`,
          );
        return answerRequest(request_id, request, reply, context);
      }
      // A page that is no longer than usual is mostly small, and then never refused.
      if (limit !== undefined && limit > PAGE_LIMIT_DEFAULT) context.unsent.refuseFull(request);
      const page = await context.serviceFor(request).list({
        limit: limit ?? PAGE_LIMIT_DEFAULT,
        ...(mode !== undefined && { mode }),
        ...(status !== undefined && { status }),
        ...(delivery !== undefined && { delivery }),
        ...(caller_id !== undefined && { callerId: caller_id }),
        ...(cursor !== undefined && { cursor }),
      });
      refuseGaps(page.replicas, strict);
      return context.unsent.send(reply, requestPageJson(page), HEADERS);
    },
  );
}

const HEADERS = { 'cache-control': 'no-store', 'content-type': JSON_CONTENT_TYPE };
