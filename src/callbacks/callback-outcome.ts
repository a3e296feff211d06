/** What came of one attempt, in the detail that its timeline shows; `toAttemptOutcome` is what retries and breakers need of it. Pure. */
import type { AttemptOutcome } from './attempt-outcome.ts';

export type CallbackErrorClass =
  /** The name is unknown, has no address, or its name server does not answer. */
  | 'dns'
  /** The URL, or an address that its name leads to, is not allowed: nobody was contacted. */
  | 'address_refused'
  /** No connection: nobody listens there, or there is no way. */
  | 'connect'
  /** The certificate is not valid for the name, or the handshake failed. */
  | 'tls'
  /** Not connected, or not answered, in time. */
  | 'timeout'
  /** The connection broke before there was an answer. */
  | 'reset'
  /** What came is no HTTP answer, or its header is too large. */
  | 'protocol';

/** `detail` is for the caller to read: it never has addresses behind names, nor anything that the other side sent. */
export interface CallbackFailure {
  readonly kind: 'failed';
  readonly errorClass: CallbackErrorClass;
  readonly detail: string;
}

export interface CallbackInability {
  readonly kind: 'unable';
  readonly code: string;
}

/** `wireMs` is from the beginning of the look-up to the end, in ms. */
export type CallbackOutcome = { readonly wireMs: number } & (
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** At most `RETRY_AFTER_MS_MAX`; 0 if nothing was asked for. */
      readonly retryAfterMs: number;
    }
  | CallbackFailure
  /** This machine could not dial, for want of files or of a network: that says nothing of the host, and is to be made again. */
  | CallbackInability
  /** The given signal aborted first: whether the callback arrived is unknown, and the attempt is to be made again. */
  | { readonly kind: 'interrupted' }
);

const FAILURE_KINDS = {
  dns: 'unreachable',
  address_refused: 'forbidden',
  connect: 'unreachable',
  tls: 'unreachable',
  timeout: 'timed-out',
  reset: 'unreachable',
  protocol: 'unreachable',
} as const satisfies Record<CallbackErrorClass, AttemptOutcome['kind']>;

/** Attempts that were interrupted, or could not begin, have none: they say nothing about the host. */
export function toAttemptOutcome(
  outcome: Exclude<CallbackOutcome, { readonly kind: 'interrupted' | 'unable' }>,
): AttemptOutcome {
  if (outcome.kind === 'failed') return { kind: FAILURE_KINDS[outcome.errorClass] };
  return { kind: 'answered', status: outcome.status, retryAfterMs: outcome.retryAfterMs };
}

/** `code` is told in brackets, if there is one. */
export function failure(errorClass: CallbackErrorClass, words: string, code = ''): CallbackFailure {
  return { kind: 'failed', errorClass, detail: code === '' ? words : `${words} (${code})` };
}

/** What tells one error from another without text that somebody else wrote, such as `ECONNREFUSED`; empty if nothing does. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : '';
}
