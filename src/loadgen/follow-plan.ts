/** Arrivals at their planned moments, as well as a timer can: each is told with how late it is, and none is left out. */
import { systemClock } from '../base/clock.ts';

export interface Following {
  /** The next moment of the plan, of the monotonic clock; Infinity when there are no more. Moments never fall. */
  readonly nextMs: () => number;
  /** Told at `nowMs` that something was planned for `plannedMs`. */
  readonly onArrival: (plannedMs: number, nowMs: number) => void;
  /** Told once, after the last arrival. */
  readonly onEnd: () => void;
}

/** Begins at once. Gives what stops it: what is due at that moment is still told, nothing more after it. */
export function followPlan({ nextMs, onArrival, onEnd }: Following): () => void {
  let plannedMs = nextMs();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const tellDue = (): void => {
    const nowMs = systemClock.monotonicMs();
    while (plannedMs <= nowMs) {
      onArrival(plannedMs, nowMs);
      plannedMs = nextMs();
    }
    if (isStopped) return;
    if (plannedMs === Infinity) onEnd();
    else timer = setTimeout(tellDue, Math.max(1, Math.floor(plannedMs - systemClock.monotonicMs())));
  };
  tellDue();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
