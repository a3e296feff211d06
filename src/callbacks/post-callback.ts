/**
 * One attempt to deliver a callback: dials, posts, takes the status, hangs up.
 *
 * Invariants:
 *   P1. It never rejects, and ends within `totalMs` and the blink that a cut connection takes.
 *   P2. When it has ended its connection is closed; none is used twice, since the check of addresses holds for one dial.
 *   P3. Of the answer nothing is kept but its status and `Retry-After`: redirects are not followed, and of the body at most
 *       `BODY_BYTES_MAX` or what comes within `BODY_MS_MAX` is waited for.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../base/clock.ts';
import {
  errorCode,
  failure,
  type CallbackErrorClass,
  type CallbackFailure,
  type CallbackInability,
  type CallbackOutcome,
} from './callback-outcome.ts';
import { Deadline } from './deadline.ts';
import type { Dialer } from './dialer.ts';
import { retryAfterMs } from './retry-after.ts';
import { RETRY_AFTER_MS_MAX } from './retry-policy.ts';

export interface CallbackPost {
  readonly url: string;
  /** `host`, `content-length` and `connection` are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface PostOptions {
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** Ends the attempt at once, as interrupted. */
  readonly signal: AbortSignal;
  /** Longest attempt, from the look-up to the header of the answer. */
  readonly totalMs?: number;
  /** Longest wait for the rest of an answer whose header is there. */
  readonly bodyMs?: number;
}

const TOTAL_MS_DEFAULT = 15_000;
const BODY_MS_DEFAULT = 1_000;
const BODY_BYTES_MAX = 1_024;
const HEADER_BYTES_MAX = 16_384;

export async function postCallback(post: CallbackPost, options: PostOptions): Promise<CallbackOutcome> {
  const { clock, signal } = options;
  const startedMs = clock.monotonicMs();
  using deadline = new Deadline(options.totalMs ?? TOTAL_MS_DEFAULT, signal);
  const result = await attempt(post, options, deadline);
  const wireMs = clock.monotonicMs() - startedMs;
  if (result.kind === 'answered') return { ...result, wireMs };
  if (signal.aborted) return { kind: 'interrupted', wireMs };
  if (!deadline.signal.aborted) return { ...result, wireMs };
  return { ...failure('timeout', `no answer within ${deadline.ms} ms`), wireMs };
}

type Answer = { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs: number };

async function attempt(
  post: CallbackPost,
  { dialer, clock, bodyMs = BODY_MS_DEFAULT }: PostOptions,
  deadline: Deadline,
): Promise<Answer | CallbackInability | CallbackFailure> {
  const dialled = await dialer.dial(post.url, deadline.signal);
  if (dialled.kind !== 'connected') return dialled;
  const { socket, url } = dialled;
  const exchange = new Exchange(socket, bodyMs);
  deadline.signal.addEventListener('abort', exchange.hangUp);
  if (deadline.signal.aborted) exchange.hangUp();
  clientOver(socket, url).dispatch(
    {
      method: 'POST',
      path: url.pathname + url.search,
      headers: { ...post.headers },
      body: post.body,
      // Has the other side close the connection too.
      reset: true,
    },
    exchange,
  );
  await exchange.over;
  const { head, error } = exchange;
  // How the rest of the answer ended is nothing to us: the status is all that counts.
  if (!head) return failureOf(error);
  const askedMs = retryAfterMs(head.retryAfter, clock.wallMs());
  return {
    kind: 'answered',
    status: head.status,
    retryAfterMs: Math.min(askedMs, RETRY_AFTER_MS_MAX),
  };
}

/**
 * Takes of an answer the status and `Retry-After`, lets the other side finish a short one, so that it does not take our hanging up
 * for a failure of its own, and hangs up.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #socket: Socket;
  readonly #bodyMs: number;
  readonly #over = Promise.withResolvers<void>();
  #bodyBytes = 0;
  #bodyTimer: NodeJS.Timeout | undefined;
  head: { readonly status: number; readonly retryAfter: string | undefined } | undefined;
  /** What there was instead of a head. */
  error: unknown;

  constructor(socket: Socket, bodyMs: number) {
    this.#socket = socket;
    this.#bodyMs = bodyMs;
  }

  /** Resolves when the connection is closed. Never rejects. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  // Before the client would: it does so with an error, whose stack trace takes a tenth of the time of an attempt.
  /** Twice does no harm. */
  readonly hangUp = (): void => {
    clearTimeout(this.#bodyTimer);
    this.#socket.destroy();
    this.#over.resolve();
  };

  /** Every handler must have it. */
  onRequestStart(): void {}

  onResponseStart(_: unknown, status: number, { 'retry-after': asked }: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.head = { status, retryAfter: Array.isArray(asked) ? asked[0] : asked };
    this.#bodyTimer = setTimeout(this.hangUp, this.#bodyMs);
  }

  onResponseData(_: unknown, { length }: Buffer): void {
    this.#bodyBytes += length;
    if (this.#bodyBytes > BODY_BYTES_MAX) this.hangUp();
  }

  onResponseEnd(): void {
    this.hangUp();
  }

  onResponseError(_: unknown, error: unknown): void {
    this.error ??= error;
    this.hangUp();
  }
}

/** Speaks HTTP/1.1 over this one connection. */
function clientOver(socket: Socket, url: URL): Client {
  return new Client(url.origin, {
    allowH2: false,
    maxHeaderSize: HEADER_BYTES_MAX,
    // The deadline bounds them.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_options, connected) => {
      // The client takes it only after this function has returned.
      queueMicrotask(() =>
        socket.destroyed ? connected(new ConnectionLost(), null) : connected(null, socket),
      );
    },
  });
}

class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly code = 'ECONNRESET';
}

/** First match decides. */
const CLASSES: readonly (readonly [code: RegExp, errorClass: CallbackErrorClass, words: string])[] = [
  [/^(ERR_SSL|ERR_TLS|EPROTO)/, 'tls', 'the other side ended TLS'],
  [
    /^UND_ERR_HEADERS_OVERFLOW$/,
    'protocol',
    `the header of the answer has more than ${HEADER_BYTES_MAX} bytes`,
  ],
  [/^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|UND_ERR_SOCKET)/, 'reset', 'the connection broke before an answer'],
];

function failureOf(error: unknown): CallbackFailure {
  const code = errorCode(error);
  const [, errorClass, words] = CLASSES.find(([pattern]) => pattern.test(code)) ?? [
    undefined,
    'protocol' as const,
    'no HTTP answer came',
  ];
  return failure(errorClass, words, code);
}
