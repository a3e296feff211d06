/** One monotonic clock for all threads of the process: `performance.now()` begins anew on each. */

/** The two clocks may differ in their beginning, not in their rate. */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds since some moment, the same on every thread. */
export function sharedNowMs(): number {
  return performance.now() + OFFSET_MS;
}
