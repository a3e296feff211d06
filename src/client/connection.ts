/**
 * One service, as seen through exchanges that may fail and be repeated.
 *
 * Everything sent here may safely be sent twice: reads, changes that stand once made (values among them), and submissions under an idempotency key.
 * Invariants:
 *   C1. An attempt is repeated with the same bytes and headers.
 *   C2. No more exchanges are under way at once than the limits allow; those that the service may hold open have a limit of their own.
 *   C3. When the caller's signal aborts, its reason is thrown, whatever else happens.
 */
import type { ClientClock } from './client-clock.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { PassingFailure, persist, type RetryNotice } from './persist.ts';
import { ProblemError } from './problem-error.ts';
import { isPassing, retryAfterMs, retryDelayMs, type RetryPolicy } from './retry-policy.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the service's URL, without a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** Reads the answer; `JSON.parse` if absent. */
  readonly parse?: (text: string) => unknown;
  /** How long the service is asked to hold the answer back, in ms: on top of the time of an attempt. */
  readonly holdMs?: number;
  /** Instead of the connection's, if less. */
  readonly patienceMs?: number;
}

export interface Answer {
  readonly headers: Headers;
  /** The JSON of the answer; undefined if it has no body. */
  readonly body: unknown;
}

export interface ConnectionOptions {
  readonly url: string;
  /** Sent with each exchange. */
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly retryPolicy: RetryPolicy;
  readonly patienceMs: number;
  readonly attemptMs: number;
  readonly concurrency: number;
  readonly onRetry: ((notice: RetryNotice) => void) | undefined;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #base: URL;
  readonly #prompt: ConcurrencyLimit;
  readonly #held: ConcurrencyLimit;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#base = new URL(options.url.endsWith('/') ? options.url : `${options.url}/`);
    if (!/^https?:$/.test(this.#base.protocol))
      throw new TypeError(`Cannot call ${options.url}: it must be an http or https URL`);
    this.#prompt = new ConcurrencyLimit(options.concurrency);
    this.#held = new ConcurrencyLimit(options.concurrency);
  }

  get clock(): ClientClock {
    return this.#options.clock;
  }

  /** Whether exchanges that the service may hold open stand in line, so that none should keep its place for long. */
  get isCrowded(): boolean {
    return this.#held.isCrowded;
  }

  /** A random time to let pass before asking again what had no news `times` times in a row (at least 1). */
  pollDelayMs(times: number): number {
    return retryDelayMs(times, 0, this.#options.retryPolicy, this.#options.random);
  }

  /** One exchange; the answer is 2xx or 304 and read whole. Throws ProblemError, UnavailableError or the signal's reason. */
  async send(call: Call): Promise<Answer> {
    const limit = call.holdMs === undefined ? this.#prompt : this.#held;
    return this.#persist(call, limit, (leftMs) => this.#attempt(call, leftMs));
  }

  /** Opens an answer that goes on until the service ends it or `close` aborts; throws like `send`. */
  async open(call: Call, close: AbortSignal): Promise<Response> {
    return this.#persist({ ...call, signal: close }, this.#prompt, (leftMs) =>
      this.#openOnce(call, close, leftMs),
    );
  }

  async #persist<T>(
    call: Call,
    limit: ConcurrencyLimit,
    attempt: (leftMs: number) => Promise<T | PassingFailure>,
  ): Promise<T> {
    // What no header can carry is a mistake of the caller's; fetch would report it like a lost connection.
    void new Headers(call.headers);
    const patienceMs = Math.min(call.patienceMs ?? Infinity, this.#options.patienceMs);
    return persist(attempt, { ...this.#options, patienceMs, limit, signal: call.signal });
  }

  async #attempt(call: Call, leftMs: number): Promise<Answer | PassingFailure> {
    const timeMs = Math.ceil(Math.min(this.#options.attemptMs + (call.holdMs ?? 0), leftMs));
    const signals = [AbortSignal.timeout(timeMs), ...(call.signal ? [call.signal] : [])];
    try {
      const response = await this.#fetch(call, AbortSignal.any(signals));
      const text = await response.text();
      if (response.status === 304) return { headers: response.headers, body: undefined };
      if (!response.ok) return this.#refusal(response, text);
      const parse: (json: string) => unknown = call.parse ?? JSON.parse;
      return { headers: response.headers, body: text === '' ? undefined : parse(text) };
    } catch (error) {
      return lost(error, call.signal);
    }
  }

  async #openOnce(call: Call, close: AbortSignal, leftMs: number): Promise<Response | PassingFailure> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(timeout()), Math.min(this.#options.attemptMs, leftMs));
    try {
      const response = await this.#fetch(call, AbortSignal.any([late.signal, close]));
      return response.ok ? response : this.#refusal(response, await response.text());
    } catch (error) {
      return lost(error, close);
    } finally {
      clearTimeout(timer);
    }
  }

  #fetch({ method, path, query, headers, body }: Call, signal: AbortSignal): Promise<Response> {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return this.#options.fetch(url, {
      method,
      signal,
      headers: { ...this.#options.headers, ...headers },
      ...(body !== undefined && { body }),
    });
  }

  /** Throws what will not pass. */
  #refusal({ status, headers }: Response, text: string): PassingFailure {
    const problem = new ProblemError(status, parsedOrUndefined(text));
    if (!isPassing(status)) throw problem;
    return new PassingFailure(problem, retryAfterMs(headers.get('retry-after'), this.clock.wallMs()));
  }
}

/** The exchange broke off, or what came was not what was sent: nothing is known of its outcome. */
function lost(error: unknown, signal: AbortSignal | undefined): PassingFailure {
  signal?.throwIfAborted();
  if (error instanceof ProblemError) throw error;
  return new PassingFailure(new Error(reasonOf(error), { cause: error }));
}

/** `fetch failed` says nothing: the reason is at the end of the chain of causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reasonOf(error.cause);
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error instanceof SyntaxError ? 'the answer is not JSON' : error.message;
}

function timeout(): DOMException {
  return new DOMException('no answer in time', 'TimeoutError');
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
