/** How long a request will probably take to end, from what waits: arithmetic only, O(1). */

export interface Outlook {
  /** How many of its caller's requests go first. */
  readonly position: number;
  /** Mean CPU milliseconds of a request of its caller. */
  readonly meanMs: number;
  /** CPU milliseconds of what is left of its own job. */
  readonly ownMs: number;
  readonly weight: number;
  /** Sum of the weights of all callers with work, its own among them. */
  readonly weights: number;
  /** CPU milliseconds of everything that waits, of all callers, its own among them. */
  readonly totalMs: number;
  readonly workers: number;
}

/**
 * Milliseconds until it ends if nothing else arrives: what its caller has before it and its own work, at the caller's fair
 * share of the workers; no longer than all work takes on all workers, since none idles; and no shorter than its own work,
 * since one worker does that.
 */
export function expectedWaitMs({
  position,
  meanMs,
  ownMs,
  weight,
  weights,
  totalMs,
  workers,
}: Outlook): number {
  const share = workers * Math.min(1, weight / weights);
  const callersMs = (position * meanMs + ownMs) / share;
  return Math.max(ownMs, Math.min(callersMs, totalMs / workers));
}
