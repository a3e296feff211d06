/** `POST /async`: one number or many, each called back when it has ended. */
import { AsyncSubmission } from '../contract/submission.ts';
import { ANONYMOUS } from '../domain/caller.ts';
import { acceptInput, formOf, type Door } from './accept-input.ts';
import { acceptedRequests, sendAccepted } from './accepted-answer.ts';
import {
  answer,
  CALLER_QUERY,
  IDEMPOTENCY_HEADERS,
  LOCATION,
  OPTIONAL_CALLER_ID_HEADERS,
  POLLING,
  PROBLEM,
  RATE_LIMIT,
  UNAVAILABLE,
} from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';

const DOOR: Door = { path: '/async', mode: 'async', callerDefault: ANONYMOUS };

export function addAsyncRoute(app: HttpApp, { serviceFor, config, unsent }: HttpContext): void {
  app.post(
    DOOR.path,
    {
      schema: {
        operationId: 'async',
        summary: 'Queue one number, or many, and be called back',
        description:
          'Answers once everything is on disk. When a request has ended, in whatever way, its `callback_url` is called at least once, signed by Standard Webhooks; failed attempts are repeated over about three days.',
        tags: ['requests'],
        querystring: CALLER_QUERY,
        body: AsyncSubmission,
        response: {
          202: answer(
            'Accepted, and on disk: `Accepted` for `number`, `AcceptedBatch` for `numbers`.',
            ['Accepted', 'AcceptedBatch'],
            { ...LOCATION, ...POLLING, ...RATE_LIMIT },
          ),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: { documentedHeaders: { ...OPTIONAL_CALLER_ID_HEADERS, ...IDEMPOTENCY_HEADERS } },
    },
    async (request, reply) => {
      const input = await acceptInput(request, DOOR, config);
      const accepted = acceptedRequests(await serviceFor(request).accept(input), reply);
      return sendAccepted(accepted, formOf(request), reply, unsent);
    },
  );
}
