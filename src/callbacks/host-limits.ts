/**
 * How many attempts may be under way at a time, to one host (whoever's callbacks they are) and in total, and how many may begin in a
 * second at hosts that have a rate.
 *
 * Pure and synchronous: time is monotonic and passed in. A rate is kept by the generic cell rate algorithm (ITU-T I.371), which is a
 * token bucket that needs one number for each host: the time at which its bucket is full again.
 *
 * Invariants:
 *   L1. Never are more than `perHostMax` under way to one host, nor more than `totalMax` altogether.
 *   L2. At a host with rate r, in any time t at most r · t + max(1, r) attempts begin.
 *   L3. Only hosts with attempts under way, or with a bucket that is not full, take memory; of the latter at most `HOSTS_MAX`, past
 *       which the bucket used longest ago counts as full.
 */
import { assert } from '../base/assert.ts';
import { RecentHosts } from './recent-hosts.ts';

export interface HostLimitsOptions {
  readonly perHostMax: number;
  readonly totalMax: number;
  /** Attempts in a second that may begin at this host, at least `RATE_MIN`; undefined for any number. None has a rate by default. */
  readonly rateOf?: (host: string) => number | undefined;
}

/** Slower, a bucket would not be full again within the time for which a host is remembered. */
export const RATE_MIN = 0.01;

export type LimitAdmission =
  | { readonly kind: 'admitted' }
  /** Possible when an attempt has ended: to this host, or any. */
  | { readonly kind: 'full'; readonly scope: 'host' | 'total' }
  /** Asking earlier is in vain. */
  | { readonly kind: 'held'; readonly untilMs: number };

export class HostLimits {
  readonly #perHostMax: number;
  readonly #totalMax: number;
  readonly #rateOf: (host: string) => number | undefined;
  readonly #running = new Map<string, number>();
  readonly #buckets = new RecentHosts<{ fullAtMs: number }>();
  #total = 0;

  constructor({ perHostMax, totalMax, rateOf = () => undefined }: HostLimitsOptions) {
    assert(
      perHostMax >= 1 && totalMax >= 1,
      `At least one attempt must be allowed: ${perHostMax}, ${totalMax}`,
    );
    this.#perHostMax = perHostMax;
    this.#totalMax = totalMax;
    this.#rateOf = rateOf;
  }

  /** Attempts under way. */
  get total(): number {
    return this.#total;
  }

  /** Hosts that take memory. */
  get size(): number {
    return this.#running.size + this.#buckets.size;
  }

  /** How many more may be under way to this host. */
  room(host: string): number {
    return this.#perHostMax - (this.#running.get(host) ?? 0);
  }

  /** Whether an attempt may begin. Changes nothing. */
  admission(host: string, nowMs: number): LimitAdmission {
    if (this.#total >= this.#totalMax) return { kind: 'full', scope: 'total' };
    if ((this.#running.get(host) ?? 0) >= this.#perHostMax) return { kind: 'full', scope: 'host' };
    const rate = this.#rateOf(host);
    const fullAtMs = this.#buckets.peek(host)?.fullAtMs ?? nowMs;
    const untilMs = rate === undefined ? nowMs : fullAtMs - burstMs(rate) + intervalMs(rate);
    return untilMs > nowMs ? { kind: 'held', untilMs } : { kind: 'admitted' };
  }

  /** An attempt that was admitted begins. */
  begin(host: string, nowMs: number): void {
    const { kind } = this.admission(host, nowMs);
    assert(kind === 'admitted', `An attempt may not begin now: ${host} is ${kind}`);
    this.#running.set(host, (this.#running.get(host) ?? 0) + 1);
    this.#total++;
    const rate = this.#rateOf(host);
    if (rate === undefined) return;
    assert(rate >= RATE_MIN, `The rate of ${host} must be at least ${RATE_MIN} a second: ${rate}`);
    const bucket = this.#buckets.use(host, nowMs, () => ({ fullAtMs: nowMs }));
    bucket.fullAtMs = Math.max(bucket.fullAtMs, nowMs) + intervalMs(rate);
  }

  /** An attempt has ended, in whatever way. */
  end(host: string): void {
    const running = this.#running.get(host) ?? 0;
    assert(running > 0, `No attempt to ${host} is under way`);
    if (running === 1) this.#running.delete(host);
    else this.#running.set(host, running - 1);
    this.#total--;
  }

  /** What is not used any more goes by itself when something else is used; this is for times when nothing is. */
  forgetIdle(nowMs: number): void {
    this.#buckets.forgetIdle(nowMs);
  }
}

function intervalMs(rate: number): number {
  return 1000 / rate;
}

/** What a full bucket holds, in the time that it takes to fill: a second's worth, and at least one attempt. */
function burstMs(rate: number): number {
  return Math.max(1000, intervalMs(rate));
}
