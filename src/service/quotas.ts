/**
 * Optional bounds on what one caller may have accepted: requests waiting, and requests in a minute. Each number is one request, and
 * of a minute's so is each redelivery.
 *
 * The rate is kept by the generic cell rate algorithm (ITU-T I.371): per caller a single time, at which its allowance will be whole
 * again. So an idle caller may use a minute's worth at once, and then as much as has come back since.
 *
 * Invariants:
 *   Q1. What is refused is not charged.
 *   Q2. Memory is bounded, however many callers come: beyond `CALLERS_MAX` within a minute, those seen longest ago begin anew.
 */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { RecentMap } from '../base/recent-map.ts';
import type { QuotaName, QuotaRefusal, QuotaState } from './service.ts';

/** Whole numbers of at least 1; undefined: no bound. */
export type QuotaLimits = { readonly [Name in QuotaName]: (callerId: string) => number | undefined };

export interface QuotaParts {
  readonly limits: QuotaLimits;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Requests of a caller that wait, those being written down included. */
  readonly waiting: (callerId: string) => number;
}

const CALLERS_MAX = 50_000;
const MINUTE_MS = 60_000;
/** When it makes sense to look again whether something has ended. */
const WAITING_RETRY_MS = 2_000;
/** What sums of fractions may be wrong by. */
const EPSILON_MS = 1e-3;

export class Quotas {
  readonly #parts: QuotaParts;
  /** When the allowance of a caller is whole again, by the monotonic clock. */
  readonly #wholeAtMs = new RecentMap<string, number>(CALLERS_MAX);

  constructor(parts: QuotaParts) {
    this.#parts = parts;
  }

  /** Charges `count` requests that are about to be accepted together; or says, having charged nothing, why they can't be. */
  charge(callerId: string, count: number): QuotaRefusal | undefined {
    const { limits, waiting } = this.#parts;
    const most = limits.waiting(callerId) ?? Infinity;
    if (waiting(callerId) + count > most)
      return this.#refusal(callerId, 'waiting', most, count, WAITING_RETRY_MS);
    return this.chargeRate(callerId, count);
  }

  /** Like `charge`, for what makes nobody wait: redeliveries. */
  chargeRate(callerId: string, count: number): QuotaRefusal | undefined {
    assert(count >= 1, `At least one request is charged: ${count}`);
    const perMinute = this.#parts.limits['per-minute'](callerId);
    if (perMinute === undefined) return undefined;
    const owedMs = this.#owedMs(callerId) + (count * MINUTE_MS) / perMinute;
    const excessMs = owedMs - MINUTE_MS;
    if (excessMs > EPSILON_MS) return this.#refusal(callerId, 'per-minute', perMinute, count, excessMs);
    this.#setOwed(callerId, owedMs);
    return undefined;
  }

  /** Gives back what was charged for requests that were not accepted after all. */
  refund(callerId: string, count: number): void {
    const perMinute = this.#parts.limits['per-minute'](callerId);
    if (perMinute === undefined) return;
    this.#setOwed(callerId, Math.max(0, this.#owedMs(callerId) - (count * MINUTE_MS) / perMinute));
  }

  /** The quotas that a caller has, and what is left of them. */
  of(callerId: string): QuotaState[] {
    const { limits, waiting } = this.#parts;
    const states: QuotaState[] = [];
    const most = limits.waiting(callerId);
    if (most !== undefined)
      states.push({ name: 'waiting', limit: most, remaining: Math.max(0, most - waiting(callerId)) });
    const perMinute = limits['per-minute'](callerId);
    if (perMinute !== undefined) {
      const owedMs = this.#owedMs(callerId);
      const remaining = Math.floor(((MINUTE_MS - owedMs + EPSILON_MS) * perMinute) / MINUTE_MS);
      states.push({
        name: 'per-minute',
        limit: perMinute,
        windowMs: MINUTE_MS,
        remaining,
        wholeInMs: owedMs,
      });
    }
    return states;
  }

  #refusal(callerId: string, name: QuotaName, limit: number, count: number, inMs: number): QuotaRefusal {
    return {
      kind: 'quota_exceeded',
      name,
      limit,
      quotas: this.of(callerId),
      ...(count <= limit && { retryAfterMs: inMs }),
    };
  }

  #owedMs(callerId: string): number {
    return Math.max(0, (this.#wholeAtMs.get(callerId) ?? 0) - this.#parts.clock.monotonicMs());
  }

  #setOwed(callerId: string, owedMs: number): void {
    this.#wholeAtMs.set(callerId, this.#parts.clock.monotonicMs() + owedMs);
  }
}
