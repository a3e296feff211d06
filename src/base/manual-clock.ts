/** A clock for tests, turned by hand: whoever sleeps wakes when it has been turned far enough. */
import type { Clock } from './clock.ts';

/** Turns of the event loop within which everything that follows from one thing has followed. */
const TURNS = 8;

export class ManualClock implements Clock {
  #nowMs = 0;
  /** What the wall clock shows beyond the other one. */
  #wallAheadMs = Date.UTC(2026, 5, 1);
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  wallMs(): number {
    return this.#nowMs + this.#wallAheadMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((wake) => {
      const sleeper = { atMs: this.#nowMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        wake();
      });
    });
  }

  after(ms: number, ring: () => void): () => void {
    const sleeper = { atMs: this.#nowMs + ms, wake: ring };
    this.#sleepers.push(sleeper);
    return () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    };
  }

  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Somebody sets the wall clock. */
  setWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /** Lets `ms` pass, waking one sleeper after the other, and whatever follows from it follow. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): { readonly atMs: number; readonly wake: () => void } | undefined {
    const due = this.#sleepers.filter(({ atMs }) => atMs <= untilMs);
    return due.toSorted((a, b) => a.atMs - b.atMs)[0];
  }
}

/** Everything that follows without time passing has followed. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate);
}
