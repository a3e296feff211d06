/** `GET /requests/{id}`: the request as it is now, or as soon as it has ended. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as Type from 'typebox';
import { hasEnded } from '../domain/request.ts';
import type { RequestView, Service } from '../service/service.ts';
import {
  answer,
  NOT_MODIFIED,
  POLLING,
  PREFERENCE,
  PROBLEM,
  UNAVAILABLE,
  VALIDATOR,
  WAIT_HEADERS,
} from './documented.ts';
import { matchesEntityTag } from './entity-tag.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import { parsePrefer } from './prefer.ts';
import { HttpProblem } from './problem.ts';
import { renderRequest } from './rendered-request.ts';
import { pollSeconds } from './poll-seconds.ts';

export function addFetchRoute(app: HttpApp, context: HttpContext): void {
  app.get(
    '/requests/:request_id',
    {
      schema: {
        operationId: 'fetch',
        summary: 'The state of a request, with its factors once they are known',
        description:
          'With `Prefer: wait=N` the answer is held until the request has ended, or for N seconds (capped by the server; `Preference-Applied` says what was taken). With `If-None-Match` an unchanged request is 304; with both, the answer is held until it changes.',
        tags: ['requests'],
        params: RequestParams,
        response: {
          200: answer('The request.', ['Request'], { ...VALIDATOR, ...POLLING, ...PREFERENCE }),
          304: NOT_MODIFIED,
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: { documentedHeaders: WAIT_HEADERS },
    },
    (request, reply) => answerRequest(request.params.request_id, request, reply, context),
  );
}

export const RequestParams = Type.Object({ request_id: Type.String() });

/** Answers with the request of that id, as every route that shows one does. */
export async function answerRequest(
  requestId: string,
  request: FastifyRequest,
  reply: FastifyReply,
  { serviceFor, config, waiters, watchers }: HttpContext,
): Promise<FastifyReply> {
  const { prefer, 'if-none-match': known } = request.headers;
  const service = serviceFor(request);
  let view: RequestView | undefined;
  if (prefer === undefined) view = await service.lookUp(requestId);
  else {
    const { waitMs = 0 } = parsePrefer(String(prefer));
    const heldMs = Math.min(waitMs, config.waitMsMax);
    const waiter = heldMs > 0 ? (known === undefined ? waiters : watchers).enter(request, reply) : undefined;
    if (waiter === undefined) view = await service.lookUp(requestId);
    else {
      reply.header('preference-applied', `wait=${heldMs / 1000}`);
      try {
        view = await (known === undefined
          ? service.wait(requestId, heldMs, waiter.signal)
          : waitForChange(service, requestId, heldMs, known, waiter.signal));
      } finally {
        waiter.leave();
      }
    }
  }
  if (view === undefined) throw notFound(requestId);
  return sendRequest(view, known, reply);
}

export function notFound(requestId: string): HttpProblem {
  return new HttpProblem(
    'request_not_found',
    `There is no request ${JSON.stringify(requestId.slice(0, 100))}; ended requests are kept for a time and then deleted`,
  );
}

/** `known` is the `If-None-Match` header. */
function sendRequest(view: RequestView, known: string | undefined, reply: FastifyReply): FastifyReply {
  const { body, tag } = renderRequest(view);
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  if (!hasEnded(view.status)) reply.header('retry-after', String(pollSeconds(view)));
  if (known !== undefined && matchesEntityTag(known, tag)) return reply.code(304).send();
  return reply.header('content-type', JSON_CONTENT_TYPE).send(body);
}

/** The request as soon as its entity tag is none of `known`, or as it is after `heldMs`. */
async function waitForChange(
  service: Service,
  requestId: string,
  heldMs: number,
  known: string,
  signal: AbortSignal,
): Promise<RequestView | undefined> {
  let latest: RequestView | undefined;
  for await (const view of service.watch(requestId, AbortSignal.any([signal, AbortSignal.timeout(heldMs)]))) {
    latest = view;
    if (!matchesEntityTag(known, renderRequest(view).tag)) break;
  }
  return latest ?? service.lookUp(requestId);
}
