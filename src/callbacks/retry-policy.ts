/**
 * What follows an attempt to deliver a callback. Pure: time and randomness are passed in.
 *
 * Invariants:
 *   R1. A delay is that of the schedule ± `JITTER`, or longer where the endpoint asked for it.
 *   R2. Every delivery ends: after `attemptsMax` attempts, or, while its host is not called at all, after the time that they take.
 */
import { assert } from '../base/assert.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';

export interface RetryPolicy {
  /** From the end of each attempt to the next, in ms: one fewer than there are attempts. */
  readonly delaysMs: readonly number[];
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Ten attempts in 70.6 hours. A blip costs seconds; who repairs an endpoint within minutes or hours waits about as long again at
 * most; a weekend is outlived. Each delay with the most jitter is at most the next with the least.
 */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  delaysMs: [
    2 * SECOND_MS,
    10 * SECOND_MS,
    MINUTE_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    8 * HOUR_MS,
    24 * HOUR_MS,
    36 * HOUR_MS,
  ],
};

/** A delay varies by this part of it, so that what failed together does not come back together. */
export const JITTER = 0.2;
/** Most of what an endpoint may ask for. */
export const RETRY_AFTER_MS_MAX = 24 * HOUR_MS;

/** However short the schedule is, a callback that is held back waits as long as a breaker may stay open, twice. */
const HELD_MS_MIN = 10 * MINUTE_MS;

const GONE = 410;
/** Those with which `Retry-After` has a meaning for a request that is repeated. */
const RETRY_AFTER_STATUSES: ReadonlySet<number> = new Set([429, 503]);

export type NextStep =
  | { readonly kind: 'delivered' }
  /** The endpoint wants no more callbacks, this one or others. */
  | { readonly kind: 'gone' }
  /** There is no attempt left. */
  | { readonly kind: 'dead' }
  | { readonly kind: 'retry'; readonly atMs: number };

/** What follows the attempt number `attempts` (from 1), which ended at `nowMs`; `random` is in [0, 1). */
export function nextStep(
  outcome: AttemptOutcome,
  attempts: number,
  nowMs: number,
  random: number,
  { delaysMs }: RetryPolicy = DEFAULT_RETRY_POLICY,
): NextStep {
  assert(attempts >= 1, `An attempt was made, so there was at least one: got ${attempts}`);
  if (outcome.kind === 'answered') {
    // A redirect is not followed: it could lead where nobody checked.
    if (outcome.status >= 200 && outcome.status < 300) return { kind: 'delivered' };
    if (outcome.status === GONE) return { kind: 'gone' };
  }
  const delayMs = delaysMs[attempts - 1];
  if (delayMs === undefined) return { kind: 'dead' };
  const planned = delayMs * (1 + JITTER * (2 * random - 1));
  // It told everyone the same, so jitter only adds to it.
  const asked = askedMs(outcome) * (1 + JITTER * random);
  return { kind: 'retry', atMs: nowMs + Math.max(planned, asked) };
}

/**
 * What becomes, at `nowMs`, of an attempt that is due and may not begin before `untilMs`, since its host is not called: it waits, and
 * is not counted as made. Without this end, many callbacks to a dead host would share few probes and stay for months. `heldSinceMs`
 * is when this attempt was due at first.
 */
export function nextStepWhileHeld(
  heldSinceMs: number,
  nowMs: number,
  untilMs: number,
  policy: RetryPolicy = DEFAULT_RETRY_POLICY,
): NextStep {
  return nowMs - heldSinceMs > heldMsMax(policy) ? { kind: 'dead' } : { kind: 'retry', atMs: untilMs };
}

/** How long an attempt that is due may be held back before the callback is given up. */
export function heldMsMax(policy: RetryPolicy): number {
  return Math.max(spanMs(policy), HELD_MS_MIN);
}

export function attemptsMax({ delaysMs }: RetryPolicy): number {
  return delaysMs.length + 1;
}

/** The longest time that all delays together take, as far as nobody asks for more. */
export function spanMs({ delaysMs }: RetryPolicy): number {
  return delaysMs.reduce((sum, delayMs) => sum + delayMs, 0) * (1 + JITTER);
}

function askedMs(outcome: AttemptOutcome): number {
  if (outcome.kind !== 'answered' || !RETRY_AFTER_STATUSES.has(outcome.status)) return 0;
  return Math.min(outcome.retryAfterMs, RETRY_AFTER_MS_MAX);
}
