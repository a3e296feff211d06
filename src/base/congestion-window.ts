/**
 * How much may be done in a given time beside work that goes first: more by and by while there is time to spare, half as much as soon as
 * there is none (additive increase, multiplicative decrease: Chiu, Jain, "Analysis of the Increase and Decrease Algorithms for
 * Congestion Avoidance", 1989). Pure: times are passed in.
 */
export interface CongestionWindowOptions {
  /** It never shrinks below this, so that something always goes on. */
  readonly min: number;
  readonly max: number;
  /** Added at each look at which there was time to spare. */
  readonly step: number;
  /** Looks are at least this far apart. */
  readonly everyMs: number;
}

export class CongestionWindow {
  readonly #options: CongestionWindowOptions;
  #lookedAtMs = -Infinity;
  size: number;

  constructor(options: CongestionWindowOptions) {
    this.#options = { ...options, min: Math.min(options.min, options.max) };
    this.size = options.max;
  }

  /** Asks `isCongested` if the last look was long enough ago, and goes by the answer. Whether it was. */
  look(nowMs: number, isCongested: () => boolean): boolean {
    const { min, max, step, everyMs } = this.#options;
    if (nowMs - this.#lookedAtMs < everyMs) return false;
    this.#lookedAtMs = nowMs;
    this.size = isCongested() ? Math.max(min, Math.floor(this.size / 2)) : Math.min(max, this.size + step);
    return true;
  }
}
