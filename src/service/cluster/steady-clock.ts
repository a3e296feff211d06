/**
 * For tests only: a clock that stands still while this process does, so that a machine with other things to do makes nobody late.
 *
 * Invariant: from one turn of the event loop to the next no more than `STEP_MS_MAX` pass.
 */
import { systemClock, type Clock } from '../../base/clock.ts';

const TICK_MS = 5;
const STEP_MS_MAX = 10;

export class SteadyClock implements Clock, Disposable {
  readonly #ticking = setInterval(() => this.#tick(), TICK_MS);
  #nowMs = systemClock.monotonicMs();
  #tickedMs = this.#nowMs;

  wallMs(): number {
    return systemClock.wallMs();
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const dueMs = this.#nowMs + ms;
    for (;;) {
      const leftMs = dueMs - this.#nowMs;
      if (leftMs <= 0 || signal?.aborted) return;
      await systemClock.sleep(leftMs, signal);
    }
  }

  after(ms: number, ring: () => void): () => void {
    const called = new AbortController();
    void this.sleep(ms, called.signal).then(() => called.signal.aborted || ring());
    return () => called.abort();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticking);
  }

  #tick(): void {
    const nowMs = systemClock.monotonicMs();
    this.#nowMs += Math.min(nowMs - this.#tickedMs, STEP_MS_MAX);
    this.#tickedMs = nowMs;
  }
}
