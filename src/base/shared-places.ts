/**
 * Places that many holders share, so that nobody can take them all.
 *
 * Invariant: but for what is taken anyway, at most `max` places are taken, and nobody was given so many that it had more than were
 * free before: so one alone gets half of them (if it takes one by one), and whoever comes later half of what the others leave.
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

  /** Whether `holder` could be given `count` more. */
  hasRoom(holder: string, count = 1): boolean {
    return this.#taken.of(holder) + count <= this.#max - this.#taken.total;
  }

  /** Whether `holder` has been given `count` more; then `giveBack` must follow. */
  take(holder: string, count = 1): boolean {
    if (!this.hasRoom(holder, count)) return false;
    this.takeAnyway(holder, count);
    return true;
  }

  /** For what can't be refused; `giveBack` must follow. */
  takeAnyway(holder: string, count: number): void {
    this.#taken.add(holder, count);
  }

  giveBack(holder: string, count = 1): void {
    this.#taken.add(holder, -count);
  }
}
