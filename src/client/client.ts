/**
 * The client of a fairsieve service, for Node and browsers; the package's `fairsieve/client`, hence what it hands out besides
 * `createClient` are the errors and types that its users meet.
 *
 * A spike or a restart of the service loses and doubles nothing: what passes is tried again within the client's patience, and a
 * submission carries an idempotency key, made once, however often it has to be sent. Requests are shown exactly as docs/api.md
 * has them, in decimal strings; `factor` and `factorizationOf` give bigints.
 */
import type { RequestBody } from '../contract/request-body.ts';
import type { Accepted, Submission } from '../contract/submission.ts';
import { callerIdPlace } from './caller-id-place.ts';
import { checkedRequest, isEnded } from './checked-request.ts';
import { clientClock, type ClientClock } from './client-clock.ts';
import { Connection, type Call } from './connection.ts';
import { factorizationOf, type Factorization } from './factorization.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { isObject } from './is-object.ts';
import { longPoll, requestPath } from './long-poll.ts';
import { numberText, type NumberInput } from './number-text.ts';
import type { RetryNotice } from './persist.ts';
import { ProblemError } from './problem-error.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from './retry-policy.ts';
import { submissionBatches } from './submission-batches.ts';
import { UnfinishedError } from './unfinished-error.ts';
import { postValues, valuesOf, type Value } from './values.ts';
import { watchRequest } from './watch-request.ts';
import { WrongAnswerError } from './wrong-answer-error.ts';

export type { Factor } from './factorization.ts';
export { UnavailableError } from './unavailable-error.ts';
export { factorizationOf, ProblemError, UnfinishedError, WrongAnswerError };
export type { ClientClock, Factorization, NumberInput, RequestBody, RetryNotice, RetryPolicy, Value };

export interface ClientOptions {
  /** Of the service, such as `https://factors.example/`; a path is kept. */
  readonly url: string;
  /** Whose requests these are; may be absent with a caller's API key, which says it too. */
  readonly callerId?: string;
  /** Shown with each exchange, where the service asks for one. */
  readonly apiKey?: string;
  /** How long an exchange is tried again while the service cannot be reached or has no room, in ms; 120,000 if absent. */
  readonly patienceMs?: number;
  /** How long one attempt may take before it is tried again, in ms; 10,000 if absent. */
  readonly attemptMs?: number;
  /** Most exchanges under way at once, and as many that the service holds open; 64 if absent. Event streams are not counted. */
  readonly concurrency?: number;
  readonly retryPolicy?: RetryPolicy;
  /** Told of each attempt that failed and will be repeated. */
  readonly onRetry?: (notice: RetryNotice) => void;
  readonly fetch?: typeof fetch;
  readonly clock?: ClientClock;
  /** Values in [0, 1) for the jitter. */
  readonly random?: () => number;
}

export interface CallOptions {
  /** Aborting rejects with the signal's reason; what the service has accepted by then stays accepted. */
  readonly signal?: AbortSignal | undefined;
}

export interface SubmitOptions extends CallOptions {
  /** One of your own makes repetitions harmless even after a restart of your program. Up to 240 printable ASCII characters. */
  readonly idempotencyKey?: string | undefined;
  /** Where the service is to tell the end of each request. */
  readonly callbackUrl?: string | undefined;
}

export interface WaitOptions extends CallOptions {
  /** Without an end by then there is an UnfinishedError, in ms; no limit if absent. */
  readonly timeoutMs?: number | undefined;
}

export interface KeepOptions extends CallOptions {
  /** How long the service keeps them, in whole seconds; absent: for good. */
  readonly ttlSeconds?: number | undefined;
}

export interface ListFilter {
  readonly callerId?: string;
  readonly mode?: RequestBody['mode'];
  readonly status?: RequestBody['status'];
}

/** What is known of a request when it has been accepted. */
export type Submitted = Pick<Accepted, 'request_id' | 'number' | 'status'>;

/**
 * Every method throws a ProblemError when the service refuses for good, and an UnavailableError when patience has run out.
 * Requests that carry factors are checked: a WrongAnswerError is thrown if these do not multiply to the number.
 */
export interface Client {
  /** Queues a number; it is on disk when this resolves. */
  submit(number: NumberInput, options?: SubmitOptions): Promise<Submitted>;
  /** Queues any count of numbers; in batches, so an error may leave earlier batches accepted. Answers are in the numbers' order. */
  submit(numbers: readonly NumberInput[], options?: SubmitOptions): Promise<Submitted[]>;
  /** The request as it is now. */
  result(requestId: string, options?: CallOptions): Promise<RequestBody>;
  /** The request once it has ended, however it ended. Throws an UnfinishedError at the end of the time. */
  wait(requestId: string, options?: WaitOptions): Promise<RequestBody>;
  /** Submits, waits and gives the factors. `complete` is false if the CPU budget was spent. Throws an UnfinishedError if there are none. */
  factor(number: NumberInput, options?: SubmitOptions & WaitOptions): Promise<Factorization>;
  /** Requests, newest first, fetched page by page as they are taken. */
  list(filter?: ListFilter, options?: CallOptions): AsyncIterable<RequestBody>;
  /** Ends a request that has not ended; one cancelled before is given back as it is. */
  cancel(requestId: string, options?: CallOptions): Promise<RequestBody>;
  /** Gives a `partial` request another CPU budget; one that is under way or done already is given back as it is. */
  resume(requestId: string, options?: CallOptions): Promise<RequestBody>;
  /**
   * Has numbers factored and kept as values, or those that are kept already kept on the new terms; in batches, so an error may leave earlier
   * ones kept. Answers are in the numbers' order. Throws a ProblemError if one can't be factored within its CPU budget.
   */
  keep(numbers: readonly NumberInput[], options?: KeepOptions): Promise<Value[]>;
  /** The values that have a prime factor, ascending, fetched page by page as they are taken. */
  valuesOf(prime: NumberInput, options?: CallOptions): AsyncIterable<Value>;
  /** The request now and at each change of its state or progress, until it has ended. */
  events(requestId: string, options?: CallOptions): AsyncIterable<RequestBody>;
}

/** Throws a TypeError if the URL is none, or the API key can be none. Nothing is sent before the first call. */
export function createClient(options: ClientOptions): Client {
  return new HttpClient(options);
}

class HttpClient implements Client {
  readonly #connection: Connection;
  readonly #callerId: string | undefined;

  constructor(options: ClientOptions) {
    this.#callerId = options.callerId;
    this.#connection = new Connection({
      url: options.url,
      headers: authorization(options.apiKey),
      patienceMs: options.patienceMs ?? 120_000,
      attemptMs: options.attemptMs ?? 10_000,
      concurrency: options.concurrency ?? 64,
      retryPolicy: options.retryPolicy ?? DEFAULT_RETRY_POLICY,
      onRetry: options.onRetry,
      // Browsers insist on fetch being called as a function of the window.
      fetch: options.fetch ?? ((...args) => fetch(...args)),
      clock: options.clock ?? clientClock,
      random: options.random ?? Math.random,
    });
  }

  submit(number: NumberInput, options?: SubmitOptions): Promise<Submitted>;
  submit(numbers: readonly NumberInput[], options?: SubmitOptions): Promise<Submitted[]>;
  async submit(
    input: NumberInput | readonly NumberInput[],
    options: SubmitOptions = {},
  ): Promise<Submitted | Submitted[]> {
    const key = options.idempotencyKey ?? idempotencyKey();
    if (typeof input !== 'object') return this.#submitOne(numberText(input), key, options);
    const accepted: Submitted[] = [];
    // One after the other: the service keeps the order of the list, and an error is followed by nothing.
    for (const [i, batch] of submissionBatches(input.map(numberText)).entries()) {
      accepted.push(...(await this.#submitBatch(batch, `${key}-${i}`, options)));
    }
    return accepted;
  }

  async #submitOne(number: string, key: string, options: SubmitOptions): Promise<Submitted> {
    return checkedAcceptance(number, await this.#post({ number }, key, options));
  }

  async #submitBatch(numbers: string[], key: string, options: SubmitOptions): Promise<Submitted[]> {
    const batch = await this.#post({ numbers }, key, options);
    const requests: unknown[] = isObject(batch) && Array.isArray(batch.requests) ? batch.requests : [];
    return numbers.map((number, i) => checkedAcceptance(number, requests[i]));
  }

  async #post(submission: Submission, key: string, { signal, callbackUrl }: SubmitOptions): Promise<unknown> {
    const { header, query } = callerIdPlace(this.#callerId);
    const { body } = await this.#connection.send({
      method: 'POST',
      path: callbackUrl === undefined ? 'requests' : 'async',
      query,
      headers: { 'content-type': 'application/json', 'idempotency-key': key, ...header },
      body: JSON.stringify(
        callbackUrl === undefined ? submission : { ...submission, callback_url: callbackUrl },
      ),
      signal,
    });
    return body;
  }

  async result(requestId: string, { signal }: CallOptions = {}): Promise<RequestBody> {
    const { body } = await this.#connection.send({ method: 'GET', path: requestPath(requestId), signal });
    return checkedRequest(body);
  }

  async wait(requestId: string, options: WaitOptions = {}): Promise<RequestBody> {
    let latest: RequestBody | undefined;
    for await (const request of longPoll(this.#connection, requestId, { until: 'end', ...options }))
      latest = request;
    if (latest === undefined)
      throw new WrongAnswerError(`The service says that ${requestId} is unchanged and never showed it`);
    if (!isEnded(latest)) throw new UnfinishedError(latest);
    return latest;
  }

  async factor(number: NumberInput, options: SubmitOptions & WaitOptions = {}): Promise<Factorization> {
    const submitted = await this.submit(number, options);
    const request = await this.wait(submitted.request_id, options);
    if (request.status !== 'done' && request.status !== 'partial') throw new UnfinishedError(request);
    const result = factorizationOf(request);
    if (String(result.number) !== submitted.number)
      throw new WrongAnswerError(`${submitted.number} was submitted, but ${result.number} was factored`);
    return result;
  }

  async *list(
    filter: ListFilter = {},
    { signal }: CallOptions = {},
  ): AsyncGenerator<RequestBody, void, undefined> {
    let cursor: string | undefined;
    do {
      const query = { mode: filter.mode, status: filter.status, caller_id: filter.callerId, cursor };
      const { body } = await this.#connection.send({ method: 'GET', path: 'requests', query, signal });
      if (!isObject(body) || !Array.isArray(body.requests))
        throw new WrongAnswerError('The answer is not a page of requests');
      yield* body.requests.map(checkedRequest);
      cursor = typeof body.next === 'string' ? body.next : undefined;
    } while (cursor !== undefined);
  }

  async cancel(requestId: string, options: CallOptions = {}): Promise<RequestBody> {
    const call = { method: 'DELETE', path: requestPath(requestId), ...options } as const;
    return this.#change(call, requestId, ({ status }) => status === 'cancelled');
  }

  async resume(requestId: string, options: CallOptions = {}): Promise<RequestBody> {
    const call = { method: 'POST', path: `${requestPath(requestId)}/resume`, ...options } as const;
    return this.#change(call, requestId, ({ status }) => ['queued', 'running', 'done'].includes(status));
  }

  /** A change that was carried out unheard is refused when it is sent again: then the request itself shows that it is made. */
  async #change(
    call: Call,
    requestId: string,
    isMade: (request: RequestBody) => boolean,
  ): Promise<RequestBody> {
    try {
      const { body } = await this.#connection.send(call);
      return checkedRequest(body);
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 409) throw error;
      const request = await this.result(requestId, { signal: call.signal });
      if (!isMade(request)) throw error;
      return request;
    }
  }

  async keep(numbers: readonly NumberInput[], { ttlSeconds, signal }: KeepOptions = {}): Promise<Value[]> {
    const { header, query } = callerIdPlace(this.#callerId);
    const ttl = ttlSeconds === undefined ? undefined : String(ttlSeconds);
    const kept: Value[] = [];
    for (const batch of submissionBatches(numbers.map(numberText))) {
      const call = { query: { ...query, ttl }, headers: header, signal };
      kept.push(...(await postValues(this.#connection, batch, call)));
    }
    return kept;
  }

  valuesOf(prime: NumberInput, { signal }: CallOptions = {}): AsyncIterable<Value> {
    // In the query whatever its characters are: it goes with each page.
    const query = this.#callerId === undefined ? {} : { caller_id: this.#callerId };
    return valuesOf(this.#connection, numberText(prime), query, signal);
  }

  events(requestId: string, { signal }: CallOptions = {}): AsyncIterable<RequestBody> {
    return watchRequest(this.#connection, requestId, signal);
  }
}

/** Without the key in the error, which may be logged. */
function authorization(apiKey: string | undefined): Readonly<Record<string, string>> {
  if (apiKey === undefined) return {};
  if (!/^[!-~]+$/.test(apiKey))
    throw new TypeError('Cannot use the API key: it is empty, or has characters that no key has');
  return { authorization: `Bearer ${apiKey}` };
}

/** An answer that is no acceptance of that number comes from something else than a fairsieve service. */
function checkedAcceptance(number: string, accepted: unknown): Submitted {
  const isPlain = /^[1-9]\d*$/.test(number);
  if (isSubmitted(accepted) && (!isPlain || accepted.number === number)) return accepted;
  throw new WrongAnswerError(`The answer does not accept ${number}: is this the URL of a fairsieve service?`);
}

function isSubmitted(value: unknown): value is Submitted {
  return isObject(value) && typeof value.request_id === 'string' && typeof value.number === 'string';
}
