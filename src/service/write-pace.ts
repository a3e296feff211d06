/**
 * How long writing rows takes, by how long it took lately: on a busy machine several times what it takes on an idle one, and whoever must
 * be answered in time has to begin in time.
 *
 * Pure. It is learnt from large batches alone, in which the way to the store and back does not count for much.
 */

/** What a row takes at least, in ms, and what is assumed before anything was written. */
const ROW_MS_LEAST = 0.05;
const ROW_MS_FIRST = 0.1;
/** Batches that are learnt from. */
const ROWS_LEAST = 500;
/** Of a batch that was quicker than expected: an idle moment says less of the next one than a busy one does. */
const QUICKER_SHARE = 0.3;

export class WritePace {
  #rowMs = ROW_MS_FIRST;

  /** So many rows took so long. */
  took(rows: number, ms: number): void {
    if (rows < ROWS_LEAST) return;
    const rowMs = Math.max(ROW_MS_LEAST, ms / rows);
    const share = rowMs > this.#rowMs ? 1 : QUICKER_SHARE;
    this.#rowMs += share * (rowMs - this.#rowMs);
  }

  /** A batch was not written within its call, since that was expected to take too long: without a new trial that would be so for good. */
  notTried(): void {
    if (this.#rowMs > ROW_MS_FIRST) this.#rowMs += QUICKER_SHARE * (ROW_MS_FIRST - this.#rowMs);
  }

  /** What so many rows are expected to take, in ms. */
  msFor(rows: number): number {
    return rows * this.#rowMs;
  }
}
