/** Values of a service: what is posted, waited for and found, in bigints, and believed only once it has been multiplied out. */
import type { Connection } from './connection.ts';
import { parseExactJson } from './exact-json.ts';
import { isObject } from './is-object.ts';
import { retryAfterMs } from './retry-policy.ts';
import { WrongAnswerError } from './wrong-answer-error.ts';

export interface Value {
  readonly value: bigint;
  /** Ascending, with multiplicity; none of 1. */
  readonly primeFactors: readonly bigint[];
}

export interface PostValues {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

/** What the service is asked to hold an answer for; it may have a lower bound of its own. */
const HOLD_MS = 20_000;
const PAGE_LIMIT = 1_000;

/** Has numbers, as text, factored and kept together. May safely be sent twice: that renews what is kept. */
export async function postValues(
  connection: Connection,
  numbers: readonly string[],
  { query, headers, signal }: PostValues,
): Promise<Value[]> {
  let { body, headers: answered } = await connection.send({
    method: 'POST',
    path: 'values',
    query,
    headers: { 'content-type': 'application/json', prefer: `wait=${HOLD_MS / 1000}`, ...headers },
    body: JSON.stringify(numbers),
    parse: parseExactJson,
    holdMs: HOLD_MS,
    signal,
  });
  while (!Array.isArray(body)) {
    const { clock } = connection;
    // A service that holds its answers has let the time pass already.
    const beganMs = clock.monotonicMs();
    const pauseMs = retryAfterMs(answered.get('retry-after'), clock.wallMs());
    ({ body, headers: answered } = await connection.send({
      method: 'GET',
      path: `values/batches/${encodeURIComponent(batchIdIn(body))}`,
      headers: { prefer: `wait=${connection.isCrowded ? 0 : HOLD_MS / 1000}` },
      parse: parseExactJson,
      holdMs: HOLD_MS,
      signal,
    }));
    const leftMs = pauseMs - (clock.monotonicMs() - beganMs);
    if (!Array.isArray(body) && leftMs > 0) await clock.pause(leftMs, signal);
  }
  const values = body.map(checkedValue);
  if (values.length !== numbers.length || numbers.some((number, i) => isOther(number, values[i])))
    throw new WrongAnswerError('The answer does not have the numbers that were asked for');
  return values;
}

/** Those with a prime factor, ascending, fetched page by page as they are taken. `prime` is text in any form that the service reads. */
export async function* valuesOf(
  connection: Connection,
  prime: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Value, void, undefined> {
  let after: string | undefined;
  do {
    const { body, headers } = await connection.send({
      method: 'GET',
      path: `values/${encodeURIComponent(prime)}`,
      query: { ...query, limit: String(PAGE_LIMIT), after },
      parse: parseExactJson,
      signal,
    });
    if (!Array.isArray(body)) throw new WrongAnswerError('The answer is not a page of values');
    yield* body.map(checkedValue);
    after = /[?&]after=(\d+).*rel="next"/.exec(headers.get('link') ?? '')?.[1];
  } while (after !== undefined);
}

function batchIdIn(body: unknown): string {
  if (isObject(body) && typeof body.batch_id === 'string') return body.batch_id;
  throw new WrongAnswerError('The answer accepts no values: is this the URL of a fairsieve service?');
}

/** Throws a WrongAnswerError unless the factors ascend and multiply to the value. */
function checkedValue(body: unknown): Value {
  const { value, prime_factors: primes }: Readonly<Record<string, unknown>> = isObject(body) ? body : {};
  const number = integer(value);
  const primeFactors = Array.isArray(primes) ? primes.map(integer) : [];
  let product = 1n;
  let previous = 2n;
  for (const prime of primeFactors) {
    if (prime < previous) throw new WrongAnswerError(`The factors of ${number} do not ascend from 2`);
    product *= prime;
    previous = prime;
  }
  if (product !== number) throw new WrongAnswerError(`The factors of ${number} multiply to ${product}`);
  return { value: number, primeFactors };
}

function integer(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^\d+$/.test(value)) return BigInt(value);
  throw new WrongAnswerError(`The answer has ${String(value)} where an integer belongs`);
}

/** Of what is not written in digits, only the service knows what it stands for. */
function isOther(number: string, answered: Value | undefined): boolean {
  return /^[1-9]\d*$/.test(number) && String(answered?.value) !== number;
}
