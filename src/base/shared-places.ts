/**
 * Places that many holders share, so that nobody can take them all.
 *
 * Invariant: at most `max` places are taken, and nobody was given one who had as many as were free: so one alone gets half of them,
 * and whoever comes later half of what the others leave.
 */
import { Tally } from './tally.ts';

export class SharedPlaces {
  readonly #max: number;
  readonly #taken = new Tally();

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken.total;
  }

  /** Whether `holder` has been given one more; then `giveBack` must follow. */
  take(holder: string): boolean {
    if (this.#taken.of(holder) >= this.#max - this.#taken.total) return false;
    this.#taken.add(holder, 1);
    return true;
  }

  giveBack(holder: string): void {
    this.#taken.add(holder, -1);
  }
}
