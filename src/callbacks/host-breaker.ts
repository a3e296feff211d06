/**
 * Keeps callbacks from hosts that are down, and calls those less often that are overloaded (the circuit breaker of Nygard,
 * "Release It!", 2007).
 *
 * Pure and synchronous: time is monotonic and passed in. A host is any name the caller of this class chooses.
 *
 * - Closed: attempts begin freely. When one fails, and of those that ended within the last `WINDOW_MS`, at least `ATTEMPTS_MIN`, half
 *   did, it opens.
 * - Open: none begins for `OPEN_MS_MIN`, twice as long with each opening in a row, up to `OPEN_MS_MAX`.
 * - Half-open: one attempt at a time, the probe. If it succeeds the breaker closes, otherwise it opens again.
 * - Slowed, beside all that: after an answer that says "too much", none begins for `SLOW_MS_MIN`, twice as long with each in a row,
 *   up to `SLOW_MS_MAX`.
 *
 * Invariants:
 *   B1. Whatever happens, at most `OPEN_MS_MAX` after the last attempt ended one may begin again; a probe of which nobody tells the end
 *       is given up after `PROBE_MS_MAX`.
 *   B2. Attempts that began before the breaker opened say nothing to it afterwards: they are no probes.
 *   B3. Memory is bounded (`RecentHosts`), and a host that was forgotten starts anew, closed.
 */
import { assert } from '../base/assert.ts';
import type { HostHealth } from './attempt-outcome.ts';
import { FailureWindow } from './failure-window.ts';
import { RecentHosts } from './recent-hosts.ts';

export const ATTEMPTS_MIN = 10;
const FAILURE_RATE = 0.5;
export const WINDOW_MS = 120_000;
export const OPEN_MS_MIN = 10_000;
export const OPEN_MS_MAX = 300_000;
/** Longer than an attempt may take. */
export const PROBE_MS_MAX = 60_000;
export const SLOW_MS_MIN = 1_000;
export const SLOW_MS_MAX = 60_000;
/** A breaker that stayed closed for this long has no openings behind it. */
export const CALM_MS = 600_000;

export type BreakerAdmission =
  | { readonly kind: 'admitted' }
  | {
      readonly kind: 'held';
      /** Asking earlier is in vain; for `probing` it may be possible as soon as the probe has ended. */
      readonly untilMs: number;
      readonly why: 'open' | 'probing' | 'slowed';
    };

/** An attempt under way, to be handed back at its end. */
export interface BreakerPass {
  readonly host: string;
  readonly beganMs: number;
  readonly isProbe: boolean;
}

export class HostBreaker {
  readonly #hosts = new RecentHosts<HostState>();

  /** Hosts remembered. */
  get size(): number {
    return this.#hosts.size;
  }

  /** Whether an attempt may begin. Changes nothing. */
  admission(host: string, nowMs: number): BreakerAdmission {
    return this.#hosts.peek(host)?.admission(nowMs) ?? { kind: 'admitted' };
  }

  /** An attempt that was admitted begins. */
  begin(host: string, nowMs: number): BreakerPass {
    const { kind } = this.admission(host, nowMs);
    assert(kind === 'admitted', `An attempt may not begin now: ${host} is ${kind}`);
    return { host, beganMs: nowMs, isProbe: this.#hosts.peek(host)?.begin(nowMs) ?? false };
  }

  /** An attempt has ended, in whatever way: `unknown` also for one that was broken off. */
  end(pass: BreakerPass, health: HostHealth, nowMs: number): void {
    this.#hosts.use(pass.host, nowMs, () => new HostState()).end(pass, health, nowMs);
  }

  /** What is not used any more goes by itself when something else is used; this is for times when nothing is. */
  forgetIdle(nowMs: number): void {
    this.#hosts.forgetIdle(nowMs);
  }
}

type BreakerState =
  | { readonly kind: 'closed'; readonly sinceMs: number }
  /** Half-open from `untilMs` on. */
  | { readonly kind: 'open'; readonly untilMs: number }
  | { readonly kind: 'probing'; readonly sinceMs: number };

class HostState {
  readonly #window = new FailureWindow(WINDOW_MS);
  #state: BreakerState = { kind: 'closed', sinceMs: -Infinity };
  #openings = 0;
  #slowedAtMs = -Infinity;
  #slowedUntilMs = -Infinity;
  #slowings = 0;

  admission(nowMs: number): BreakerAdmission {
    const breaker = this.#breakerHold();
    const slowed = { untilMs: this.#slowedUntilMs, why: 'slowed' } as const;
    const hold = breaker.untilMs >= slowed.untilMs ? breaker : slowed;
    return nowMs < hold.untilMs ? { kind: 'held', ...hold } : { kind: 'admitted' };
  }

  /** Whether what begins is a probe. */
  begin(nowMs: number): boolean {
    if (this.#state.kind === 'closed') return false;
    this.#state = { kind: 'probing', sinceMs: nowMs };
    return true;
  }

  end({ isProbe, beganMs }: BreakerPass, health: HostHealth, nowMs: number): void {
    if (health === 'overloaded' && beganMs >= this.#slowedAtMs) this.#slow(nowMs);
    // One that began before says nothing about how slow is slow enough.
    if (health === 'well' && beganMs >= this.#slowedUntilMs) this.#slowings = 0;
    if (this.#state.kind === 'probing' && isProbe && beganMs === this.#state.sinceMs)
      this.#endProbe(health, nowMs);
    else if (this.#state.kind === 'closed' && beganMs >= this.#state.sinceMs && health !== 'unknown')
      this.#count(health !== 'well', nowMs);
  }

  #breakerHold(): { readonly untilMs: number; readonly why: 'open' | 'probing' } {
    const state = this.#state;
    if (state.kind === 'probing') return { untilMs: state.sinceMs + PROBE_MS_MAX, why: 'probing' };
    return { untilMs: state.kind === 'open' ? state.untilMs : -Infinity, why: 'open' };
  }

  #endProbe(health: HostHealth, nowMs: number): void {
    if (health === 'well') {
      this.#state = { kind: 'closed', sinceMs: nowMs };
      this.#window.clear();
    }
    // A probe that asked nobody leaves its place to the next.
    else if (health === 'unknown') this.#state = { kind: 'open', untilMs: nowMs };
    else this.#open(nowMs);
  }

  #count(failed: boolean, nowMs: number): void {
    this.#window.add(failed, nowMs);
    // A success is no occasion to open, however bad it was before.
    if (!failed) return;
    const totals = this.#window.totals();
    if (totals.ended < ATTEMPTS_MIN || totals.failed < totals.ended * FAILURE_RATE) return;
    if (this.#state.kind === 'closed' && nowMs - this.#state.sinceMs >= CALM_MS) this.#openings = 0;
    this.#open(nowMs);
  }

  #open(nowMs: number): void {
    this.#state = { kind: 'open', untilMs: nowMs + doubled(OPEN_MS_MIN, this.#openings, OPEN_MS_MAX) };
    this.#openings++;
  }

  #slow(nowMs: number): void {
    this.#slowedAtMs = nowMs;
    this.#slowedUntilMs = nowMs + doubled(SLOW_MS_MIN, this.#slowings, SLOW_MS_MAX);
    this.#slowings++;
  }
}

/** `min`, doubled `times` times, and at most `max`. */
function doubled(min: number, times: number, max: number): number {
  return Math.min(max, min * 2 ** times);
}
