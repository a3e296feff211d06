/**
 * Tries something again and again until it works, is refused for good, or patience runs out.
 *
 * Patience is spent by attempts and by the pauses between them, not by standing in line for a place: a client's own crowd is no
 * fault of the service.
 */
import type { ClientClock } from './client-clock.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import { retryDelayMs, type RetryPolicy } from './retry-policy.ts';
import { UnavailableError } from './unavailable-error.ts';

/** An attempt that may well succeed when repeated. Whatever is thrown instead is final. */
export class PassingFailure {
  readonly cause: Error;
  /** What the service asked for. */
  readonly retryAfterMs: number;

  constructor(cause: Error, afterMs = 0) {
    this.cause = cause;
    this.retryAfterMs = afterMs;
  }
}

/** What went wrong and when it is tried again, for logs. */
export interface RetryNotice {
  readonly attempts: number;
  readonly delayMs: number;
  readonly cause: Error;
}

/** With less patience left than this, an attempt would not get an answer, and its end would hide why those before it failed. */
const ATTEMPT_MS_MIN = 50;

export interface Persistence {
  /** Names the service in errors. */
  readonly url: string;
  readonly patienceMs: number;
  readonly retryPolicy: RetryPolicy;
  readonly limit: ConcurrencyLimit;
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
  readonly onRetry: ((notice: RetryNotice) => void) | undefined;
}

/** The first success. `attempt` is told the patience left, in ms. Throws UnavailableError or the signal's reason. */
export async function persist<T>(
  attempt: (leftMs: number) => Promise<T | PassingFailure>,
  { url, patienceMs, retryPolicy, limit, clock, random, signal, onRetry }: Persistence,
): Promise<T> {
  let spentMs = 0;
  const timed = async (): Promise<T | PassingFailure> => {
    const beganMs = clock.monotonicMs();
    try {
      return await attempt(patienceMs - spentMs);
    } finally {
      spentMs += clock.monotonicMs() - beganMs;
    }
  };
  for (let attempts = 1; ; attempts++) {
    const outcome = await limit.run(timed, signal);
    if (!(outcome instanceof PassingFailure)) return outcome;
    const spareMs = patienceMs - spentMs - outcome.retryAfterMs;
    // There must be room for an attempt, and for as long a pause before it: or they would come ever faster.
    if (spareMs < 2 * ATTEMPT_MS_MIN) throw new UnavailableError(url, attempts, spentMs, outcome.cause);
    // Towards the end the back-off shrinks to what is left; the last attempt has its time.
    const policy = { ...retryPolicy, capMs: Math.min(retryPolicy.capMs, spareMs - ATTEMPT_MS_MIN) };
    const delayMs = retryDelayMs(attempts, outcome.retryAfterMs, policy, random);
    onRetry?.({ attempts, delayMs, cause: outcome.cause });
    await clock.pause(delayMs, signal);
    spentMs += delayMs;
  }
}
