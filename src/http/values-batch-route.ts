/** `GET /values/batches/{id}`: the values that a `POST /values` could not wait for. */
import * as Type from 'typebox';
import { answer, PATIENCE_HEADERS, POLLING, PREFERENCE, PROBLEM, UNAVAILABLE } from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { parsePrefer } from './prefer.ts';
import { incompleteBatch, noBatch, sendUnfinished, wholeValues } from './values-answer.ts';

export function addValuesBatchRoute(
  app: HttpApp,
  { serviceFor, config, waiters, unsent }: HttpContext,
): void {
  app.get(
    '/values/batches/:batch_id',
    {
      schema: {
        operationId: 'valuesBatch',
        summary: 'The values of a batch, once all are done',
        description:
          'With `Prefer: wait=N` the answer is held until all are done, or for N seconds (capped by the server; `Preference-Applied` says what was taken).',
        tags: ['values'],
        params: Type.Object({ batch_id: Type.String() }),
        response: {
          200: answer('In the order in which they were sent.', ['Values'], PREFERENCE),
          202: answer('Not all are done yet.', ['UnfinishedValues'], { ...POLLING, ...PREFERENCE }),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: { documentedHeaders: PATIENCE_HEADERS },
    },
    async (request, reply) => {
      const { batch_id: batchId } = request.params;
      const { waitMs = 0 } = parsePrefer(request.headers.prefer as string | undefined);
      const heldMs = Math.min(waitMs, config.waitMsMax);
      unsent.refuseFull(request);
      const waiter = heldMs > 0 ? waiters.enter(request, reply) : undefined;
      if (waiter) reply.header('preference-applied', `wait=${heldMs / 1000}`);
      try {
        const result = await serviceFor(request).valuesBatch(
          batchId,
          waiter ? heldMs : 0,
          waiter?.signal ?? NEVER,
        );
        if (result.kind === 'not_found') throw noBatch(batchId);
        if (result.kind === 'incomplete') throw incompleteBatch(result);
        return await (result.kind === 'values'
          ? unsent.send(reply, await wholeValues(result.values, reply))
          : sendUnfinished(result, reply));
      } finally {
        waiter?.leave();
      }
    },
  );
}

const NEVER = new AbortController().signal;
