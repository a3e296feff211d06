/** How many attempts ended, and failed, within a sliding time; in steps, so that it takes the same memory however many there are. Pure. */

const STEPS = 12;

interface Step {
  /** Counted from time 0. */
  readonly number: number;
  ended: number;
  failed: number;
}

export class FailureWindow {
  readonly #stepMs: number;
  /** Ascending; never more than `STEPS`. */
  #steps: Step[] = [];

  /** Looks back by `windowMs`, or up to a twelfth less. */
  constructor(windowMs: number) {
    this.#stepMs = windowMs / STEPS;
  }

  /** An attempt ended. Times must not go back. */
  add(failed: boolean, nowMs: number): void {
    const number = Math.floor(nowMs / this.#stepMs);
    this.#steps = this.#steps.filter((step) => step.number > number - STEPS);
    let last = this.#steps.at(-1);
    if (last?.number !== number) this.#steps.push((last = { number, ended: 0, failed: 0 }));
    last.ended++;
    if (failed) last.failed++;
  }

  /** Those counted at the last `add`. */
  totals(): { readonly ended: number; readonly failed: number } {
    let ended = 0;
    let failed = 0;
    for (const step of this.#steps) {
      ended += step.ended;
      failed += step.failed;
    }
    return { ended, failed };
  }

  clear(): void {
    this.#steps = [];
  }
}
