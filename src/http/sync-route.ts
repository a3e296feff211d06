/**
 * `POST /sync`: one number, answered with its factors. What has not ended within the wait goes on as if it had been queued, and is
 * answered as accepted; so does what is beyond the number of clients that may wait at once.
 */
import { SyncSubmission } from '../contract/submission.ts';
import { ANONYMOUS } from '../domain/caller.ts';
import { hasEnded } from '../domain/request.ts';
import { acceptInput, type Door } from './accept-input.ts';
import { acceptedRequests, sendAccepted } from './accepted-answer.ts';
import {
  answer,
  CALLER_QUERY,
  IDEMPOTENCY_HEADERS,
  LOCATION,
  OPTIONAL_CALLER_ID_HEADERS,
  POLLING,
  PREFERENCE,
  PROBLEM,
  RATE_LIMIT,
  SYNC_WAIT_HEADERS,
  UNAVAILABLE,
} from './documented.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { inlineWait, preferenceApplied } from './inline-wait.ts';
import { renderRequest } from './rendered-request.ts';

const DOOR: Door = { path: '/sync', mode: 'sync', callerDefault: ANONYMOUS };

export function addSyncRoute(app: HttpApp, { serviceFor, config, waiters, unsent }: HttpContext): void {
  app.post(
    DOOR.path,
    {
      schema: {
        operationId: 'sync',
        summary: 'Factor one number and answer with the result',
        description:
          'What has not ended within the wait (`Prefer: wait=N` seconds, capped by the server) is answered with 202: it is accepted, goes on, and can be fetched, waited for or watched. A client that hangs up does not cancel it.',
        tags: ['requests'],
        querystring: CALLER_QUERY,
        body: SyncSubmission,
        response: {
          200: answer('It has ended: the request with its result.', ['Request'], {
            ...RATE_LIMIT,
            ...PREFERENCE,
          }),
          202: answer('Accepted, and on disk; it goes on.', ['Accepted'], {
            ...LOCATION,
            ...POLLING,
            ...RATE_LIMIT,
            ...PREFERENCE,
          }),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: {
        documentedHeaders: { ...OPTIONAL_CALLER_ID_HEADERS, ...IDEMPOTENCY_HEADERS, ...SYNC_WAIT_HEADERS },
      },
    },
    async (request, reply) => {
      const wait = inlineWait(request.headers.prefer as string | undefined, config.waitMsMax);
      const input = await acceptInput(request, DOOR, config);
      const service = serviceFor(request);
      const waiter = wait.heldMs > 0 ? waiters.enter(request, reply) : undefined;
      try {
        const result = await (waiter === undefined
          ? service.accept(input)
          : // What has passed since the headers came counts: the client waits for the whole of it.
            service.acceptInline(input, wait.heldMs - reply.elapsedTime, waiter.signal));
        const [view] = acceptedRequests(result, reply);
        const isAccepted = !hasEnded(view.status);
        reply.headers(preferenceApplied(wait, { isAccepted, hasWaited: waiter !== undefined }));
        if (isAccepted) return sendAccepted([view], 'number', reply, unsent);
        return reply
          .header('cache-control', 'no-store')
          .header('content-type', JSON_CONTENT_TYPE)
          .send(renderRequest(view).body);
      } finally {
        waiter?.leave();
      }
    },
  );
}
