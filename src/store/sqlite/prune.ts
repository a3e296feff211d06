/**
 * Deleting in the worker what is past retention, a few rows at a time: requests from the oldest end on, keys, known numbers, logs.
 * While the store is larger than it may be, also what is not: first what nobody can miss, last what saves computing.
 *
 * Pages that become free stay in the file and are used again, hence "larger than" means bytes in use. (Giving them back, by
 * auto-vacuum, would move pages about at each step for no room gained.)
 */
import { PAGE_SCAN_MAX } from '../../domain/limits.ts';
import type { PruneLimits } from '../store.ts';
import type { Database } from './database.ts';
import type { Handlers } from './operation.ts';
import { PARTIAL, QUEUED } from './request-row.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';

const STEP_ROWS = 200;
/** A chunk fills many pages, a row a small part of one. */
const STEP_CHUNKS = 16;
/** Logs for which it is checked, in one step, whether somebody waits for them. */
const STEP_LOGS = 100;
/** A log that grew within this time may be at work. */
const LOG_QUIET_MS = 60_000;

/** Deletes up to `rowsMax` rows and says how many. */
type Step = (limits: PruneLimits, rowsMax: number) => number;

export function pruneHandlers({ db }: Database, room: Room): Pick<Handlers, 'prune'> {
  const oldestEnds = 'SELECT seq FROM requests WHERE finished_at < ? ORDER BY finished_at LIMIT ?';
  const deleteRequests = prepare(db, `DELETE FROM requests WHERE seq IN (${oldestEnds})`);
  const ended = prepare(db, 'SELECT 1 FROM requests WHERE finished_at IS NOT NULL LIMIT 1');
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
  const oldLogs = prepare<readonly [id: number, number: string]>(
    db,
    `SELECT id, number FROM jobs
     WHERE number IS NOT NULL AND updated_at < ? ORDER BY updated_at LIMIT ${STEP_LOGS}`,
  );
  const waiting = prepare<readonly [scanned: number, numbers: string]>(
    db,
    `SELECT count(*), json_group_array(DISTINCT number) FILTER (WHERE number IN (SELECT value FROM json_each(?))) FROM
       (SELECT number FROM requests WHERE status IN (${QUEUED}, ${PARTIAL}) LIMIT ${PAGE_SCAN_MAX})`,
  );
  const dropLog = prepare(db, 'UPDATE jobs SET number = NULL WHERE id = ?');
  const keepLog = prepare(db, 'UPDATE jobs SET updated_at = ? WHERE id = ?');

  /** Those of `numbers` that a queued or partial request has; where so many are waiting that this is dear to find out, all. */
  function waitedFor(numbers: readonly string[]): ReadonlySet<string> {
    const [scanned = 0, found = '[]'] = waiting.get(JSON.stringify(numbers)) ?? [];
    return new Set(scanned < PAGE_SCAN_MAX ? (JSON.parse(found) as string[]) : numbers);
  }

  function dropLogs(quietSinceMs: number, nowMs: number): number {
    const logs = oldLogs.all(quietSinceMs);
    if (logs.length === 0) return 0;
    const kept = waitedFor(logs.map(([, number]) => number));
    let dropped = 0;
    for (const [id, number] of logs) {
      // One that is kept is looked at again as if it had grown now.
      if (kept.has(number)) keepLog.run(nowMs, id);
      else dropped += dropLog.run(id);
    }
    return dropped;
  }

  const tooLarge = ({ bytesMax }: PruneLimits): boolean => room.bytes > bytesMax;

  const steps: readonly Step[] = [
    ({ nowMs }, rowsMax) => deleteKeys.run(nowMs, rowsMax),
    ({ endedBeforeMs }, rowsMax) => deleteRequests.run(endedBeforeMs, rowsMax),
    ({ endedBeforeMs }, rowsMax) => deleteKnown.run(endedBeforeMs, rowsMax),
    (limits) => {
      const { endedBeforeMs, nowMs } = limits;
      const quietSinceMs = tooLarge(limits) ? Math.max(endedBeforeMs, nowMs - LOG_QUIET_MS) : endedBeforeMs;
      return dropLogs(quietSinceMs, nowMs);
    },
    () => {
      const [id] = droppedLog.get() ?? [];
      if (id === undefined) return 0;
      const deleted = deleteChunks.run(id, STEP_CHUNKS);
      return deleted < STEP_CHUNKS ? deleted + deleteJob.run(id) : deleted;
    },
    (limits, rowsMax) => (tooLarge(limits) && !droppedLog.get() ? deleteRequests.run(Infinity, rowsMax) : 0),
    (limits, rowsMax) =>
      tooLarge(limits) && !droppedLog.get() && !ended.get() ? deleteKnown.run(Infinity, rowsMax) : 0,
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
