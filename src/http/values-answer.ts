/** What values are answered with: all of them, how far they are, or why they will not come. */
import type { FastifyReply } from 'fastify';
import { PROBLEM_ERRORS_MAX } from '../domain/limits.ts';
import { abbreviate } from '../base/abbreviate.ts';
import type { EndedRequestName, UnfinishedValues, Value, ValuesBatchResult } from '../service/service.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import { HttpProblem } from './problem.ts';
import { unfinishedValuesJson, valuesJson } from './values-json.ts';

/** Seconds until it makes sense to ask for a batch again. */
const POLL_SECONDS = 1;

/** 200, and the text to send with it. */
export async function wholeValues(values: readonly Value[], reply: FastifyReply): Promise<string> {
  const text = await valuesJson(values);
  reply.header('cache-control', 'no-store').header('content-type', JSON_CONTENT_TYPE);
  return text;
}

/** 202. */
export function sendUnfinished(batch: UnfinishedValues, reply: FastifyReply): FastifyReply {
  return reply
    .code(202)
    .header('location', `/values/batches/${batch.batchId}`)
    .header('retry-after', String(POLL_SECONDS))
    .header('cache-control', 'no-store')
    .header('content-type', JSON_CONTENT_TYPE)
    .send(unfinishedValuesJson(batch));
}

export function noBatch(batchId: string): HttpProblem {
  return new HttpProblem(
    'batch_not_found',
    `There is no batch ${JSON.stringify(abbreviate(batchId))}; batches are kept for a time after they have ended, and then deleted`,
  );
}

/** Names the requests that ended without all their factors. */
export function incompleteBatch({
  total,
  ended,
}: Extract<ValuesBatchResult, { kind: 'incomplete' }>): HttpProblem {
  const count = ended.size === 1 ? 'One' : String(ended.size);
  return new HttpProblem(
    'batch_incomplete',
    `${count} of ${total} numbers ended without all their factors, the first of them as request ${[...ended.values()][0]?.requestId}`,
    { errors: [...ended].slice(0, PROBLEM_ERRORS_MAX).map(([index, name]) => endedError(index, name)) },
  );
}

function endedError(index: number, { requestId, number, status }: EndedRequestName) {
  return {
    pointer: `#/${index}`,
    code: 'batch_incomplete',
    detail: `${abbreviate(number)} is ${status}, as request ${requestId}`,
  };
}
