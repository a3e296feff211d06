/** `POST /values`: numbers, factored and kept. What takes longer than the wait goes on, and is answered as a batch to ask for again. */
import type { FastifyRequest } from 'fastify';
import { ValuesSubmission, ValuesSubmissionQuery } from '../contract/values.ts';
import { ANONYMOUS } from '../domain/caller.ts';
import type { ValuesInput } from '../service/service.ts';
import { callerOf, idempotencyKeyOf } from './accept-input.ts';
import { refusal } from './accepted-answer.ts';
import {
  answer,
  BATCH_LOCATION,
  IDEMPOTENCY_HEADERS,
  OPTIONAL_CALLER_ID_HEADERS,
  POLLING,
  PREFERENCE,
  PROBLEM,
  RATE_LIMIT,
  SYNC_WAIT_HEADERS,
  UNAVAILABLE,
} from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { fingerprintOf } from './idempotency-key.ts';
import { inlineWait, preferenceApplied } from './inline-wait.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { readNumbers } from './submitted-numbers.ts';
import { sendUnfinished, wholeValues } from './values-answer.ts';

const PATH = '/values';

export function addPostValuesRoute(app: HttpApp, { serviceFor, config, waiters, unsent }: HttpContext): void {
  app.post(
    PATH,
    {
      schema: {
        operationId: 'postValues',
        summary: 'Factor numbers and keep them as values',
        description:
          'Answers once all are factored and on disk. What takes longer than the wait (`Prefer: wait=N` seconds, capped by the server) is answered with 202: it is accepted, and each number is kept as soon as it is done. Numbers that are kept already are kept on the new terms, on whichever replica they are. A client that hangs up before it was answered gives the numbers up.',
        tags: ['values'],
        querystring: ValuesSubmissionQuery,
        body: ValuesSubmission,
        response: {
          200: answer('All are kept; in the order in which they were sent.', ['Values'], {
            ...RATE_LIMIT,
            ...PREFERENCE,
          }),
          202: answer('Accepted, and on disk; it goes on.', ['UnfinishedValues'], {
            ...BATCH_LOCATION,
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
      const input = await valuesInput(request, config.digitsMax);
      const waiter = wait.heldMs > 0 ? waiters.enter(request, reply) : undefined;
      try {
        const result = await (waiter === undefined
          ? serviceFor(request).postValues(input, 0, NEVER)
          : // What has passed since the headers came counts: the client waits for the whole of it.
            serviceFor(request).postValues(input, wait.heldMs - reply.elapsedTime, waiter.signal));
        if (result.kind !== 'values' && result.kind !== 'unfinished') throw refusal(result);
        const isAccepted = result.kind === 'unfinished';
        reply
          .headers(rateLimitHeaders(result.quotas ?? []))
          .headers(preferenceApplied(wait, { isAccepted, hasWaited: waiter !== undefined }));
        return await (isAccepted
          ? sendUnfinished(result, reply)
          : unsent.sendAnyway(reply, await wholeValues(result.values, reply)));
      } finally {
        waiter?.leave();
      }
    },
  );
}

const NEVER = new AbortController().signal;

interface PostValuesRequest extends Pick<FastifyRequest, 'bearer' | 'raw' | 'headers'> {
  readonly query: { readonly caller_id?: string; readonly ttl?: number };
  readonly body: ValuesSubmission;
}

/** Throws an HttpProblem for whatever cannot be accepted. */
async function valuesInput(request: PostValuesRequest, digitsMax: number): Promise<ValuesInput> {
  const { ttl } = request.query;
  const callerId = callerOf(request, ANONYMOUS);
  const key = idempotencyKeyOf(request);
  const numbers = await readNumbers(request.body, digitsMax, { pointer: '#', name: 'item ' });
  const path = ttl === undefined ? PATH : `${PATH}?ttl=${ttl}`;
  return {
    callerId,
    numbers,
    ...(ttl !== undefined && { ttlMs: ttl * 1_000 }),
    ...(key !== undefined && {
      idempotency: { key, fingerprint: fingerprintOf({ path, form: 'numbers', numbers }) },
    }),
  };
}
