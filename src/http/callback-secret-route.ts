/** `GET /callback-secret`: a caller reads the secret that its callbacks are signed with. Only where callers are authenticated. */
import type { CallerSecrets } from '../callbacks/callback-secrets.ts';
import type { CallbackSecret } from '../contract/callback-secret.ts';
import { ownCallerId } from './access.ts';
import { callerIdOf } from './caller-id.ts';
import { answer, CALLER_QUERY, PROBLEM } from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { isoTime } from './iso-time.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import { HttpProblem } from './problem.ts';

export function addCallbackSecretRoute(app: HttpApp, { secretsOf }: HttpContext): void {
  app.get(
    '/callback-secret',
    {
      schema: {
        operationId: 'callbackSecret',
        summary: "The secret that a caller's callbacks are signed with",
        description:
          'The caller is that of the API key; an operator names one. 403 where no API keys are in use: then nobody knows who is asking.',
        tags: ['requests'],
        querystring: CALLER_QUERY,
        response: {
          200: answer('The secret, and former ones that still sign besides.', ['CallbackSecret']),
          '4xx': PROBLEM,
        },
      },
    },
    async (request, reply) => {
      if (secretsOf === undefined)
        throw new HttpProblem(
          'keys_not_in_use',
          'This server does not authenticate callers, so it tells no secrets; whoever runs it can: fairsieve secret --caller ID',
        );
      const caller = callerIdOf(request.raw, request.query.caller_id, ownCallerId(request));
      if (caller.kind === 'refused') throw new HttpProblem(caller.code, caller.message);
      return reply
        .header('cache-control', 'no-store')
        .header('content-type', JSON_CONTENT_TYPE)
        .send(secretBody(caller.callerId, secretsOf(caller.callerId)));
    },
  );
}

function secretBody(callerId: string, { current, former }: CallerSecrets): CallbackSecret {
  return {
    caller_id: callerId,
    secret: current,
    former_secrets: former.map(({ secret, signsUntilMs }) => ({
      secret,
      signs_until: isoTime(signsUntilMs),
    })),
  };
}
