/**
 * Rings once, at the earliest of the times that it was set to since it last rang.
 *
 * Times that are read off a wall clock may come sooner than a timer knows, as that clock can be set: hence it rings after `MS_MAX` at
 * the latest, and whoever set it looks again.
 */
import type { Clock } from './clock.ts';

const MS_MAX = 30_000;

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #atMs = Infinity;
  #pending = new AbortController();

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings in `ms`, or before; Infinity asks for nothing. */
  set(ms: number): void {
    if (ms === Infinity) return;
    const inMs = Math.min(Math.max(0, ms), MS_MAX);
    const atMs = this.#clock.monotonicMs() + inMs;
    if (atMs >= this.#atMs) return;
    this.stop();
    this.#atMs = atMs;
    const { signal } = (this.#pending = new AbortController());
    void this.#wait(inMs, signal);
  }

  /** What it was set to is forgotten. */
  stop(): void {
    this.#pending.abort();
    this.#atMs = Infinity;
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal);
    if (signal.aborted) return;
    this.#atMs = Infinity;
    this.#ring();
  }
}
