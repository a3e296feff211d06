/** Upper limits for what takes a service a moment, on a machine that stands still for seconds now and then. */
import assert from 'node:assert/strict';

const TRIES = 3;

/**
 * What came of the first `work` that took less than `msMax`, of at most three one after the other; fails if none did. A machine that stands
 * still holds up one of them, a slow service all. `undefined` says that an answer shows by itself that it was held up, `undo` is
 * given what came too late. What `work` asserts holds for each.
 */
export async function inTime<T>(
  msMax: number,
  work: () => Promise<T | undefined>,
  undo: (late: T) => Promise<unknown> = async () => undefined,
): Promise<T> {
  const tookMs: number[] = [];
  while (tookMs.length < TRIES) {
    const beganMs = performance.now();
    const result = await work();
    tookMs.push(Math.round(performance.now() - beganMs));
    if (result === undefined) continue;
    if (tookMs.at(-1)! < msMax) return result;
    await undo(result);
  }
  return assert.fail(`None was there within ${msMax} ms: they took ${tookMs.join(', ')} ms`);
}
