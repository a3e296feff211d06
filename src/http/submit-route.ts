/** `POST /requests`: one number or many, accepted durably before the answer leaves. */
import { Submission } from '../contract/submission.ts';
import { acceptInput, formOf, type Door } from './accept-input.ts';
import { acceptedRequests, sendAccepted } from './accepted-answer.ts';
import {
  answer,
  CALLER_ID_HEADERS,
  CALLER_QUERY,
  IDEMPOTENCY_HEADERS,
  LOCATION,
  POLLING,
  PREFERENCE,
  PROBLEM,
  RATE_LIMIT,
  UNAVAILABLE,
} from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { parsePrefer } from './prefer.ts';

const DOOR: Door = { path: '/requests', mode: 'queued' };

export function addSubmitRoute(app: HttpApp, { serviceFor, config, unsent }: HttpContext): void {
  app.post(
    DOOR.path,
    {
      schema: {
        operationId: 'submit',
        summary: 'Queue one number, or many',
        description:
          'Answers once everything is on disk; of several numbers all are accepted or none. With an `Idempotency-Key` the same request sent again, within 24 hours, gives the same answer and makes nothing new.',
        tags: ['requests'],
        querystring: CALLER_QUERY,
        body: Submission,
        response: {
          202: answer(
            'Accepted, and on disk: `Accepted` for `number`, `AcceptedBatch` for `numbers`.',
            ['Accepted', 'AcceptedBatch'],
            {
              ...LOCATION,
              ...POLLING,
              ...RATE_LIMIT,
              ...PREFERENCE,
            },
          ),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: { documentedHeaders: { ...CALLER_ID_HEADERS, ...IDEMPOTENCY_HEADERS } },
    },
    async (request, reply) => {
      const input = await acceptInput(request, DOOR, config);
      const accepted = acceptedRequests(await serviceFor(request).accept(input), reply);
      if (parsePrefer(request.headers.prefer as string | undefined).respondAsync)
        reply.header('preference-applied', 'respond-async');
      return sendAccepted(accepted, formOf(request), reply, unsent);
    },
  );
}
