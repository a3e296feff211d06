/**
 * When to try again: exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", 2015), after whatever
 * time the server asked for. Pure.
 *
 * Invariant: a delay is at least what the server asked for, and less than `capMs` longer.
 */
export interface RetryPolicy {
  /** Bound of the first delay in ms; it doubles with each failure in a row. */
  readonly baseMs: number;
  /** Largest bound of a delay in ms. */
  readonly capMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = { baseMs: 200, capMs: 10_000 };

/** Refusals that pass: the body came too slowly, too many requests, no way through, no room now, no answer from behind the balancer. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

export function isPassing(status: number): boolean {
  return PASSING_STATUSES.has(status);
}

/**
 * Milliseconds until the next attempt after `failures` (at least 1) in a row, of which the last asked for `askedMs` (0: for nothing). `random` gives values in [0, 1).
 * Jitter comes on top of the time that the server asked for: it told everyone the same.
 */
export function retryDelayMs(
  failures: number,
  askedMs: number,
  { baseMs, capMs }: RetryPolicy,
  random: () => number,
): number {
  return askedMs + random() * Math.min(capMs, baseMs * 2 ** (failures - 1));
}

/** The milliseconds that a `Retry-After` asks for, seconds or HTTP date (RFC 9110, 10.2.3); 0 if absent, past or unreadable. */
export function retryAfterMs(value: string | null, wallMs: number): number {
  if (value === null) return 0;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Only a date has letters; Date.parse would make a year of other numbers.
  const date = /^[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - wallMs);
}
