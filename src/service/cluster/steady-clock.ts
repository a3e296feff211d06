/**
 * For tests only: a clock that stands still while this process does, so that a machine with other things to do makes nobody late. The
 * time of day and other threads go on meanwhile.
 *
 * Invariant: from one turn of the event loop to the next no more than `STEP_MS_MAX` pass. Once disposed, nobody sleeps any more.
 */
import { systemClock, type Clock } from '../../base/clock.ts';

const TICK_MS = 5;
const STEP_MS_MAX = 10;

export class SteadyClock implements Clock, Disposable {
  readonly #ticking = setInterval(() => this.#tick(), TICK_MS).unref();
  readonly #over = new AbortController();
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
    const woken = signal ? AbortSignal.any([signal, this.#over.signal]) : this.#over.signal;
    do await systemClock.sleep(Math.max(0, dueMs - this.#nowMs), woken);
    while (this.#nowMs < dueMs && !woken.aborted);
  }

  after(ms: number, ring: () => void): () => void {
    const called = new AbortController();
    void this.sleep(ms, called.signal).then(
      () => called.signal.aborted || this.#over.signal.aborted || ring(),
    );
    return () => called.abort();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticking);
    this.#over.abort();
  }

  #tick(): void {
    const nowMs = systemClock.monotonicMs();
    this.#nowMs += Math.min(nowMs - this.#tickedMs, STEP_MS_MAX);
    this.#tickedMs = nowMs;
  }
}
