/**
 * What a number is expected to cost: the kernel's table, corrected by what numbers of that size really took here.
 *
 * The correction is a moving average per 8 bits of length, so a slow machine learns that it is slow.
 */
const BITS_PER_CLASS = 8;
/** Weight of the newest measurement. */
const GAIN = 0.05;
const FACTOR_MIN = 0.1;
const FACTOR_MAX = 20;

export class CostModel {
  readonly #table: (n: bigint) => number;
  readonly #factors = new Map<number, number>();

  /** `table`: expected CPU milliseconds of a number. */
  constructor(table: (n: bigint) => number) {
    this.#table = table;
  }

  expectedMs(n: bigint, decimal: string): number {
    return this.#table(n) * (this.#factors.get(sizeClass(decimal)) ?? 1);
  }

  learn(n: bigint, decimal: string, cpuMs: number): void {
    const key = sizeClass(decimal);
    const ratio = Math.min(Math.max(cpuMs / this.#table(n), FACTOR_MIN), FACTOR_MAX);
    const factor = this.#factors.get(key) ?? 1;
    this.#factors.set(key, factor + GAIN * (ratio - factor));
  }
}

/** By the length of the decimal text, which is at hand. */
function sizeClass(decimal: string): number {
  return Math.floor((decimal.length * Math.log2(10)) / BITS_PER_CLASS);
}
