/**
 * The connection of the one who writes: transactions, and three counts that are asked for all the time.
 *
 * Invariants:
 *   S1. After a failed transaction nothing of it remains, its counts included, and the connection goes on working.
 */
import type { DatabaseSync } from 'node:sqlite';
import { QueuedBytes } from './queued-bytes.ts';
import { prepare, type Statement } from './statement.ts';

export const PAGE_BYTES = 4_096;

export class Database implements Disposable {
  readonly db: DatabaseSync;
  /** The requests that are queued; operations keep it up to date, a roll-back takes their changes back. */
  readonly queue: QueuedBytes;
  /** What the logs of jobs count for, dropped ones included until their rows are deleted; kept up to date likewise. */
  logBytes: number;
  /** What the rests of batches take as requests (see `BatchRests`); kept up to date likewise. */
  restBytes = 0;
  readonly #begin: Statement<never>;
  readonly #commit: Statement<never>;
  #before = { logBytes: 0, restBytes: 0 };
  readonly #onRollBack: (() => void)[] = [];

  /** `db` has all tables. */
  constructor(db: DatabaseSync) {
    this.db = db;
    this.#begin = prepare(db, 'BEGIN');
    this.#commit = prepare(db, 'COMMIT');
    this.queue = new QueuedBytes(db);
    const logs = prepare<readonly [number]>(db, 'SELECT coalesce(sum(bytes), 0) FROM jobs');
    this.logBytes = logs.get()?.[0] ?? 0;
  }

  begin(): void {
    this.#before = { logBytes: this.logBytes, restBytes: this.restBytes };
    this.queue.begin();
    this.#begin.run();
  }

  commit(): void {
    this.#commit.run();
  }

  rollBack(): void {
    Object.assign(this, this.#before);
    this.queue.rollBack();
    // Running out of room ends some transactions by itself.
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
    for (const listener of this.#onRollBack) listener();
  }

  /** `listener` is told after a transaction was taken back, for what it keeps of tables in memory. */
  readonly onRollBack = (listener: () => void): void => void this.#onRollBack.push(listener);

  /** Runs `work` and commits what it wrote; if anything throws, nothing is changed. */
  transaction<T>(work: () => T): T {
    this.begin();
    try {
      const result = work();
      this.commit();
      return result;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.db.close();
  }
}
