/** `POST /requests`: one number or many, accepted durably before the answer leaves. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as Type from 'typebox';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BATCH_SLICE_MS, IDEMPOTENCY_KEY_CHARS_MAX, PROBLEM_ERRORS_MAX } from '../domain/limits.ts';
import { abbreviate, newWork, parseNumber } from '../domain/number-expression.ts';
import { Submission, type NumberInput } from '../contract/submission.ts';
import type { AcceptResult } from '../service/service.ts';
import { callerIdOf } from './caller-id.ts';
import {
  answer,
  CALLER_ID_HEADERS,
  IDEMPOTENCY_HEADERS,
  LOCATION,
  POLLING,
  PROBLEM,
  UNAVAILABLE,
} from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { fingerprintOf, parseIdempotencyKey } from './idempotency-key.ts';
import { parsePrefer } from './prefer.ts';
import { HttpProblem } from './problem.ts';
import { acceptedBatchJson, acceptedJson } from './request-json.ts';
import { pollSeconds } from './poll-seconds.ts';
import { unavailable } from './unavailable.ts';

export function addSubmitRoute(app: HttpApp, { service, config }: HttpContext): void {
  app.post(
    '/requests',
    {
      schema: {
        operationId: 'submit',
        summary: 'Queue one number, or many',
        description:
          'Answers once everything is on disk; of several numbers all are accepted or none. With an `Idempotency-Key` the same request sent again, within 24 hours, gives the same answer and makes nothing new.',
        tags: ['requests'],
        querystring: Type.Object(
          { caller_id: Type.Optional(Type.String({ description: 'Who is asking; or as a header.' })) },
          { additionalProperties: false },
        ),
        body: Submission,
        response: {
          202: answer(
            'Accepted, and on disk: `Accepted` for `number`, `AcceptedBatch` for `numbers`.',
            ['Accepted', 'AcceptedBatch'],
            {
              ...LOCATION,
              ...POLLING,
            },
          ),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: { documentedHeaders: { ...CALLER_ID_HEADERS, ...IDEMPOTENCY_HEADERS } },
    },
    async (request, reply) => {
      const caller = callerIdOf(request.raw, request.query.caller_id);
      if (caller.kind === 'refused') throw new HttpProblem(caller.code, caller.message);
      const { number, numbers } = request.body;
      const form = numbers === undefined ? 'number' : 'numbers';
      const parsed =
        numbers === undefined
          ? [readNumber(number ?? '', config.digitsMax)]
          : await readNumbers(numbers, config.digitsMax);
      const key = idempotencyKeyOf(request);
      const result = await service.accept({
        callerId: caller.callerId,
        mode: 'queued',
        numbers: parsed,
        ...(key !== undefined && {
          idempotency: { key, fingerprint: fingerprintOf('POST', '/requests', form, parsed) },
        }),
      });
      return sendAccepted(result, form, request, reply);
    },
  );
}

function sendAccepted(
  result: AcceptResult,
  form: 'number' | 'numbers',
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (result.kind === 'conflict')
    throw new HttpProblem(
      'idempotency_conflict',
      'This Idempotency-Key was used within the last 24 hours for another request; take a new key for a new request',
    );
  if (result.kind === 'unavailable') throw unavailable(result.code, result.retryAfterMs);
  const [first] = result.requests;
  if (parsePrefer(request.headers.prefer as string | undefined).respondAsync)
    reply.header('preference-applied', 'respond-async');
  reply.code(202).header('content-type', JSON_CONTENT_TYPE);
  if (form === 'numbers') return reply.send(acceptedBatchJson(result.requests));
  if (first === undefined) throw new Error('The service accepted a number and named no request');
  return reply
    .header('location', `/requests/${first.requestId}`)
    .header('retry-after', String(pollSeconds(first)))
    .send(acceptedJson(first));
}

const JSON_CONTENT_TYPE = 'application/json; charset=utf-8';

function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = parseIdempotencyKey(String(header));
  if (key === undefined)
    throw new HttpProblem(
      'idempotency_key_invalid',
      `Cannot accept the Idempotency-Key ${JSON.stringify(abbreviate(String(header)))}: it must have 1 to ${IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters`,
    );
  return key;
}

function readNumber(input: NumberInput, digitsMax: number): bigint {
  const parsed = parseNumber(String(input), { digitsMax });
  if (parsed.kind === 'number') return parsed.value;
  throw new HttpProblem(parsed.code, parsed.message, {
    errors: [{ pointer: '#/number', code: parsed.code, detail: parsed.message }],
  });
}

/** Reads a batch in slices, so that the event loop is held for about `BATCH_SLICE_MS` at a time. */
async function readNumbers(inputs: readonly NumberInput[], digitsMax: number): Promise<bigint[]> {
  const work = newWork();
  const values: bigint[] = [];
  const errors: { pointer: string; code: 'number_invalid' | 'number_out_of_range'; detail: string }[] = [];
  let sliceEndMs = performance.now() + BATCH_SLICE_MS;
  for (const [i, input] of inputs.entries()) {
    const parsed = parseNumber(String(input), { digitsMax, work });
    if (parsed.kind === 'number') values.push(parsed.value);
    else errors.push({ pointer: `#/numbers/${i}`, code: parsed.code, detail: parsed.message });
    if (errors.length === PROBLEM_ERRORS_MAX) break;
    if (performance.now() > sliceEndMs) {
      await nextTurn();
      sliceEndMs = performance.now() + BATCH_SLICE_MS;
    }
  }
  const [first] = errors;
  if (first === undefined) return values;
  throw new HttpProblem(first.code, `numbers/${first.pointer.slice('#/numbers/'.length)}: ${first.detail}`, {
    errors,
  });
}
