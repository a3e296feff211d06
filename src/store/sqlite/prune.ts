/**
 * Deleting in the worker what is past retention, a few rows at a time: requests from the oldest end on, keys, known numbers, logs.
 *
 * Pages that become free stay in the file and are used again, hence "larger than" means bytes in use. (Giving them back, by
 * auto-vacuum, would move pages about at each step for no room gained.)
 */
import { PAGE_SCAN_MAX } from '../../domain/limits.ts';
import { seqAt } from '../../domain/request-id.ts';
import type { PruneLimits } from '../store.ts';
import type { Database } from './database.ts';
import type { Handlers } from './operation.ts';
import { QUEUED } from './request-row.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';

const STEP_ROWS = 200;
/** A chunk fills many pages, a row a small part of one. */
const STEP_CHUNKS = 16;
/** Old logs for which it is checked, in one step, whether somebody waits for them. */
const STEP_LOGS = 4;

/** Deletes up to `rowsMax` rows and says how many. */
type Step = (limits: PruneLimits, rowsMax: number) => number;

export function pruneHandlers({ db }: Database, room: Room): Pick<Handlers, 'prune'> {
  const oldestEnds = 'SELECT seq FROM requests WHERE finished_at < ? ORDER BY finished_at LIMIT ?';
  const deleteRequests = prepare(db, `DELETE FROM requests WHERE seq IN (${oldestEnds})`);
  const deleteKeys = prepare(
    db,
    `DELETE FROM idempotency_keys WHERE (caller, key) IN
       (SELECT caller, key FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  );
  const deleteKnown = prepare(
    db,
    'DELETE FROM known_numbers WHERE number IN (SELECT number FROM known_numbers WHERE at < ? ORDER BY at LIMIT ?)',
  );
  const droppedLog = prepare<readonly [id: number]>(db, 'SELECT id FROM jobs WHERE number IS NULL LIMIT 1');
  const deleteChunks = prepare(
    db,
    'DELETE FROM job_chunks WHERE id IN (SELECT id FROM job_chunks WHERE job = ? LIMIT ?)',
  );
  const deleteJob = prepare(db, 'DELETE FROM jobs WHERE id = ?');
  const oldLogs = prepare<readonly [id: number, number: string, updatedAtMs: number]>(
    db,
    `SELECT id, number, updated_at FROM jobs
     WHERE number IS NOT NULL AND updated_at < ? ORDER BY updated_at LIMIT ${STEP_LOGS}`,
  );
  const waiting = prepare<readonly [scanned: number, found: number]>(
    db,
    `SELECT count(*), count(*) FILTER (WHERE status = ${QUEUED} AND number = ?) FROM
       (SELECT status, number FROM requests WHERE seq < ? ORDER BY seq LIMIT ${PAGE_SCAN_MAX})`,
  );
  const dropLog = prepare(db, 'UPDATE jobs SET number = NULL WHERE id = ?');
  const keepLog = prepare(db, 'UPDATE jobs SET updated_at = ? WHERE id = ?');

  /** Whether a request that is older than the log's last entry may still wait for it; where that is dear to find out, it may. */
  function mayBeWaitedFor(number: string, updatedAtMs: number): boolean {
    const [scanned = 0, found = 0] = waiting.get(number, seqAt(updatedAtMs + 1)) ?? [];
    return found > 0 || scanned >= PAGE_SCAN_MAX;
  }

  const steps: readonly Step[] = [
    ({ endedBeforeMs, bytesMax }, rowsMax) =>
      deleteRequests.run(room.bytes > bytesMax ? Infinity : endedBeforeMs, rowsMax),
    ({ nowMs }, rowsMax) => deleteKeys.run(nowMs, rowsMax),
    ({ endedBeforeMs }, rowsMax) => deleteKnown.run(endedBeforeMs, rowsMax),
    ({ endedBeforeMs, nowMs }) => {
      let dropped = 0;
      for (const [id, number, updatedAtMs] of oldLogs.all(endedBeforeMs)) {
        // One that is kept is looked at again after another retention period.
        if (mayBeWaitedFor(number, updatedAtMs)) keepLog.run(nowMs, id);
        else dropped += dropLog.run(id);
      }
      return dropped;
    },
    () => {
      const [id] = droppedLog.get() ?? [];
      if (id === undefined) return 0;
      const deleted = deleteChunks.run(id, STEP_CHUNKS);
      return deleted < STEP_CHUNKS ? deleted + deleteJob.run(id) : deleted;
    },
  ];

  return {
    prune(limits) {
      let deleted = 0;
      for (const step of steps) {
        if (deleted < STEP_ROWS) deleted += step(limits, STEP_ROWS - deleted);
      }
      return deleted;
    },
  };
}
