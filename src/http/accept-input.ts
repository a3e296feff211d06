/** From a submission, by whichever door it came, to what the service is asked to accept. */
import type { FastifyRequest } from 'fastify';
import { judgeCallbackUrl, type CallbackPolicy } from '../callbacks/callback-url.ts';
import type { NumberInput } from '../contract/submission.ts';
import { IDEMPOTENCY_KEY_CHARS_MAX } from '../domain/limits.ts';
import { abbreviate } from '../base/abbreviate.ts';
import type { Mode } from '../domain/request.ts';
import type { AcceptInput } from '../service/service.ts';
import { ownCallerId } from './access.ts';
import { callerIdOf } from './caller-id.ts';
import { fingerprintOf, parseIdempotencyKey } from './idempotency-key.ts';
import { HttpProblem } from './problem.ts';
import { readNumber, readNumbers } from './submitted-numbers.ts';

/** One number or several: what is answered has the same form. */
export type Form = 'number' | 'numbers';

/** A way in. Its path is part of what an idempotency key stands for. */
export interface Door {
  readonly path: string;
  readonly mode: Mode;
  /** Who is asking where nothing says so; without it that is refused. */
  readonly callerDefault?: string;
}

/** What is the same for all submissions to this server. */
export interface AcceptRules {
  readonly digitsMax: number;
  readonly callbackPolicy: CallbackPolicy;
}

interface SubmissionRequest {
  readonly bearer: FastifyRequest['bearer'];
  readonly raw: FastifyRequest['raw'];
  readonly headers: FastifyRequest['headers'];
  readonly query: { readonly caller_id?: string };
  readonly body: {
    readonly number?: NumberInput;
    readonly numbers?: readonly NumberInput[];
    readonly callback_url?: string;
  };
}

export function formOf({ body }: Pick<SubmissionRequest, 'body'>): Form {
  return body.numbers === undefined ? 'number' : 'numbers';
}

/** Throws an HttpProblem for whatever cannot be accepted. */
export async function acceptInput(
  request: SubmissionRequest,
  { path, mode, callerDefault }: Door,
  { digitsMax, callbackPolicy }: AcceptRules,
): Promise<AcceptInput> {
  const callerId = callerOf(request, callerDefault);
  const key = idempotencyKeyOf(request);
  const callbackUrl = callbackUrlOf(request, callbackPolicy);
  const { number, numbers } = request.body;
  // Last, since nothing else takes as long.
  const parsed =
    numbers === undefined
      ? [readNumber(number ?? '', digitsMax, '#/number')]
      : await readNumbers(numbers, digitsMax, { pointer: '#/numbers', name: 'numbers/' });
  const form = formOf(request);
  return {
    callerId,
    mode,
    numbers: parsed,
    ...(callbackUrl !== undefined && { callbackUrl }),
    ...(key !== undefined && {
      idempotency: { key, fingerprint: fingerprintOf({ path, form, numbers: parsed, callbackUrl }) },
    }),
  };
}

/** Who asks: as the request says, or by its key, or else by default. Throws an HttpProblem where that says nothing, or two things. */
export function callerOf(
  request: Pick<SubmissionRequest, 'bearer' | 'raw' | 'query'>,
  callerDefault?: string,
): string {
  const caller = callerIdOf(request.raw, request.query.caller_id, ownCallerId(request) ?? callerDefault);
  if (caller.kind === 'refused') throw new HttpProblem(caller.code, caller.message);
  return caller.callerId;
}

/** Judged as far as it can be without asking a name server, and in its normal form. What it holds is not repeated: it may be secret. */
function callbackUrlOf(
  { body }: Pick<SubmissionRequest, 'body'>,
  policy: CallbackPolicy,
): string | undefined {
  if (body.callback_url === undefined) return undefined;
  const verdict = judgeCallbackUrl(body.callback_url, policy);
  if (verdict.kind === 'ok') return verdict.url;
  const detail = `Cannot accept callback_url: ${verdict.reason}`;
  throw new HttpProblem('callback_url_invalid', detail, {
    errors: [{ pointer: '#/callback_url', code: 'callback_url_invalid', detail }],
  });
}

/** Undefined if there is none; throws an HttpProblem where it cannot be one. */
export function idempotencyKeyOf({ headers }: Pick<SubmissionRequest, 'headers'>): string | undefined {
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = parseIdempotencyKey(String(header));
  if (key === undefined)
    throw new HttpProblem(
      'idempotency_key_invalid',
      `Cannot accept the Idempotency-Key ${JSON.stringify(abbreviate(String(header)))}: it must have 1 to ${IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters`,
    );
  return key;
}
