/** Waiting for something to become true: the only way in which whole-system tests wait. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * What `check` returns as soon as that is neither false nor undefined. Fails after `msMax`, naming what was waited for; `check`
 * may throw, which fails at once. A `what` that is a function is asked in the end, and can tell how near it came.
 */
export async function until<T>(
  what: string | (() => string),
  check: () => T | false | undefined | Promise<T | false | undefined>,
  msMax = 30_000,
): Promise<T> {
  const endMs = performance.now() + msMax;
  for (;;) {
    const value = await check();
    if (value !== false && value !== undefined) return value;
    if (performance.now() >= endMs)
      assert.fail(`Waited ${msMax} ms in vain for this: ${typeof what === 'string' ? what : what()}`);
    await sleep(POLL_MS);
  }
}
