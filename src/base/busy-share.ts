/** How busy the event loop of this thread is. */
import { performance } from 'node:perf_hooks';

/** Makes a function that tells which share of the time since its last call the event loop was busy, from 0 to 1. */
export function busyShareMeter(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
