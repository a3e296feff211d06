/**
 * How logs of jobs give their room back, in the worker: a log is dropped at once, by losing its number, and its rows are deleted
 * a few at a time.
 *
 * A log is idle from when no queued request waits for it any more: its requests are partial or cancelled. What it holds saves
 * computing if one is resumed, or if the number is asked for again.
 */
import type { Database } from './database.ts';
import { rowCost } from './log-row.ts';
import type { Room } from './room.ts';
import { prepare, type Statement } from './statement.ts';

/** Rows that are deleted at once to make room for new ones. */
const MAKE_ROOM_ROWS = 64;

export class LogSpace {
  readonly #database: Database;
  readonly #dropped: Statement<readonly [id: number]>;
  readonly #oldestIdle: Statement<readonly [id: number]>;
  readonly #drop: Statement<never>;
  readonly #rows: Statement<readonly [id: number, bytes: number]>;
  readonly #deleteRow: Statement<never>;
  readonly #shrink: Statement<never>;
  readonly #deleteJob: Statement<never>;

  constructor(database: Database) {
    const { db } = database;
    this.#database = database;
    this.#dropped = prepare(db, 'SELECT id FROM jobs WHERE number IS NULL LIMIT 1');
    this.#oldestIdle = prepare(
      db,
      `SELECT id FROM jobs
       WHERE idle_since < ? AND number IS NOT NULL AND bytes >= ? ORDER BY idle_since LIMIT 1`,
    );
    this.#drop = prepare(db, 'UPDATE jobs SET number = NULL, idle_since = NULL WHERE id = ?');
    this.#rows = prepare(db, 'SELECT id, length(bytes) FROM job_chunks WHERE job = ? ORDER BY id LIMIT ?');
    this.#deleteRow = prepare(db, 'DELETE FROM job_chunks WHERE id = ?');
    this.#shrink = prepare(db, 'UPDATE jobs SET bytes = bytes - ? WHERE id = ?');
    this.#deleteJob = prepare(db, 'DELETE FROM jobs WHERE id = ?');
  }

  /** Whether rows of dropped logs are left. */
  get hasDropped(): boolean {
    return this.#dropped.get() !== undefined;
  }

  /** Drops the log that has been idle for longest, if it has been since before `beforeMs` and counts for `bytesMin`. */
  dropIdle(beforeMs: number, bytesMin = 0): boolean {
    const [id] = this.#oldestIdle.get(beforeMs, bytesMin) ?? [];
    return id !== undefined && this.#drop.run(id) > 0;
  }

  /** Whether there is room for so many bytes of logs, if need be by dropping idle ones. Bounded, so that nobody waits for it: where it is not enough, the next call goes on. */
  makeRoom(room: Room, bytes: number): boolean {
    let left = MAKE_ROOM_ROWS;
    while (!room.hasRoomForLog(bytes)) {
      if (left <= 0 || !(this.hasDropped || this.dropIdle(Infinity, 1))) return false;
      left -= this.deleteRows(1);
    }
    return true;
  }

  /** Deletes up to `rowsMax` rows of one dropped log, with the job's own if it has no others. Returns how many; 0: none is dropped. */
  deleteRows(rowsMax: number): number {
    const [job] = this.#dropped.get() ?? [];
    if (job === undefined) return 0;
    const rows = this.#rows.all(job, rowsMax);
    let bytes = 0;
    for (const [id, length] of rows) {
      this.#deleteRow.run(id);
      bytes += rowCost(length);
    }
    this.#database.logBytes -= bytes;
    if (rows.length < rowsMax) return rows.length + this.#deleteJob.run(job);
    this.#shrink.run(bytes, job);
    return rows.length;
  }
}
