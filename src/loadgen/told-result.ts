/** What the service tells of a request or of a value, read from the bodies of its answers. Throws a SyntaxError for what is none. Pure. */
import { parseExactJson } from '../client/exact-json.ts';
import { isObject } from '../client/is-object.ts';

/** The end of a request, however it ended. */
export interface ToldResult {
  readonly status: string;
  readonly number: string;
  /** Decimal, with multiplicity. */
  readonly primes: readonly string[];
  /** Whether the service says that these are all of them, and prime. */
  readonly isComplete: boolean;
  /** By the clock of the service, in ms since 1970; undefined where it does not tell (values). */
  readonly acceptedAtMs?: number | undefined;
  readonly startedAtMs?: number | undefined;
  readonly finishedAtMs?: number | undefined;
  readonly cpuMs?: number | undefined;
}

/** How a request stands. */
export type ToldState =
  | { readonly kind: 'ended'; readonly requestId: string; readonly result: ToldResult }
  | { readonly kind: 'pending'; readonly requestId: string };

const ENDED: ReadonlySet<unknown> = new Set(['done', 'partial', 'failed', 'cancelled']);

/** A request as `GET /requests/{id}`, `POST /sync`, an event or a callback shows it, or as it was accepted. */
export function readRequest(
  text: string,
): ToldState & { readonly callerId: string; readonly sequence: number | undefined } {
  const body: unknown = JSON.parse(text);
  if (!isObject(body) || typeof body.request_id !== 'string' || typeof body.status !== 'string')
    throw new SyntaxError('It is no request');
  const { request_id: requestId } = body;
  const callerId = String(body.caller_id);
  const sequence = typeof body.sequence === 'number' ? body.sequence : undefined;
  // What was known at once is accepted as ended, and shows no factors yet.
  if (!ENDED.has(body.status) || body.prime_factors === undefined)
    return { kind: 'pending', requestId, callerId, sequence };
  if (!isTexts(body.prime_factors)) throw new SyntaxError('It has no prime factors');
  const result = {
    status: body.status,
    number: String(body.number),
    primes: body.prime_factors,
    isComplete: body.complete === true,
    cpuMs: typeof body.cpu_ms === 'number' ? body.cpu_ms : undefined,
    acceptedAtMs: msAt(body.accepted_at),
    startedAtMs: msAt(body.started_at),
    finishedAtMs: msAt(body.finished_at),
  };
  return { kind: 'ended', requestId, callerId, sequence, result };
}

/** The only value of an answer of `POST /values`, or the batch that it is still part of. */
export function readValue(
  text: string,
):
  | { readonly kind: 'ended'; readonly result: ToldResult }
  | { readonly kind: 'pending'; readonly batchId: string } {
  const body = parseExactJson(text);
  if (isObject(body) && typeof body.batch_id === 'string') return { kind: 'pending', batchId: body.batch_id };
  const value: unknown = Array.isArray(body) && body.length === 1 ? body[0] : undefined;
  if (!isObject(value) || !Array.isArray(value.prime_factors))
    throw new SyntaxError('It is no list of one value');
  return {
    kind: 'ended',
    result: {
      status: 'done',
      number: String(value.value),
      primes: value.prime_factors.map(String),
      isComplete: true,
    },
  };
}

/** The data of the last `state` event of a stream that has ended. */
export function lastState(stream: string): string {
  const at = stream.lastIndexOf('event: state\n');
  const data = at === -1 ? null : /^data: (.*)$/m.exec(stream.slice(at));
  if (!data?.[1]) throw new SyntaxError('The stream told no state');
  return data[1];
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function msAt(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
