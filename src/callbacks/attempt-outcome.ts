/** What came of one attempt to deliver a callback, and what that says of the host it went to. Pure. */

export type AttemptOutcome =
  /** The endpoint answered; `retryAfterMs` is what its `Retry-After` asked for, 0 for nothing. */
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs: number }
  /** Not over within the time for an attempt, wherever it got stuck. */
  | { readonly kind: 'timed-out' }
  /** No answer: the name is unknown, or the connection was refused, reset, or broken by a TLS error. */
  | { readonly kind: 'unreachable' }
  /** The address guard would not have it dialled: nobody was contacted. */
  | { readonly kind: 'forbidden' };

/**
 * `well`: it answers, even if it does not want this callback. `unwell`: it is broken or gone. `overloaded`: it is unwell, and
 * should be called less often. `unknown`: it was not asked.
 */
export type HostHealth = 'well' | 'unwell' | 'overloaded' | 'unknown';

/** Too many requests; what gateways answer in place of a host that is restarting or too slow. */
const OVERLOADED: ReadonlySet<number> = new Set([429, 502, 504]);

const HEALTH_WITHOUT_ANSWER = {
  'timed-out': 'overloaded',
  unreachable: 'unwell',
  forbidden: 'unknown',
} as const satisfies Record<Exclude<AttemptOutcome['kind'], 'answered'>, HostHealth>;

export function hostHealth(outcome: AttemptOutcome): HostHealth {
  if (outcome.kind !== 'answered') return HEALTH_WITHOUT_ANSWER[outcome.kind];
  if (OVERLOADED.has(outcome.status)) return 'overloaded';
  return outcome.status >= 500 ? 'unwell' : 'well';
}
