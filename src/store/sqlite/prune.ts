/**
 * Deleting in the worker what is past retention, a few rows at a time: requests from the oldest end on, keys, known numbers, logs,
 * values that have expired, renewals noted for values that no request is to make any more.
 * While the store is larger than it may be, also what is not: first what nobody can miss, then answers, what saves computing, and last
 * what keeps a repetition from being accepted anew. Answers of the last `ANSWER_MS_MIN` and their keys stay: where that is not enough, there
 * is no room for what is new.
 *
 * Pages that become free stay in the file and are used again, hence "larger than" means bytes in use. (Giving them back, by
 * auto-vacuum, would move pages about at each step for no room gained.)
 */
import { ANSWER_MS_MIN } from '../../domain/limits.ts';
import type { PruneLimits } from '../store.ts';
import type { BatchRests } from './batch-rests.ts';
import type { Database } from './database.ts';
import { KeySpace } from './key-space.ts';
import type { LogSpace } from './log-space.ts';
import type { Handlers } from './operation.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';
import { OWN, TO_KEEP, type ValueKey, type ValueRows } from './value-rows.ts';

const STEP_ROWS = 200;
/** A row of a log fills many pages, any other a small part of one. */
const STEP_LOG_ROWS = 16;
/** How long values are left after they expired, for renewals that were accepted before that and are still on their way. */
const RENEWAL_GRACE_MS = 60_000;

/** Deletes up to `rowsMax` rows and says how many. */
type Step = (limits: PruneLimits, rowsMax: number) => number;

export interface PruneParts {
  readonly database: Database;
  readonly room: Room;
  readonly logs: LogSpace;
  readonly rests: Pick<BatchRests, 'isAwaited'>;
  readonly values: ValueRows;
}

export function pruneHandlers({ database, room, logs, rests, values }: PruneParts): Pick<Handlers, 'prune'> {
  const { db } = database;
  const keys = new KeySpace(database);
  const oldestEnds = `SELECT seq FROM requests WHERE finished_at IS NOT NULL AND due_at IS NULL AND coalesce(told_at, finished_at) < ?
     ORDER BY coalesce(told_at, finished_at) LIMIT ?`;
  const deleteRequests = prepare(db, `DELETE FROM requests WHERE seq IN (${oldestEnds})`);
  const endedBefore = prepare(
    db,
    `SELECT 1 FROM requests WHERE finished_at IS NOT NULL AND due_at IS NULL AND coalesce(told_at, finished_at) < ? LIMIT 1`,
  );
  const deleteKeys = prepare(
    db,
    `DELETE FROM idempotency_keys WHERE (caller, key) IN
       (SELECT caller, key FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  );
  const deleteGone = prepare(
    db,
    `DELETE FROM gone_endpoints WHERE (caller, url) IN
       (SELECT caller, url FROM gone_endpoints WHERE at < ? ORDER BY at LIMIT ?)`,
  );
  const deleteKnown = prepare(
    db,
    'DELETE FROM known_numbers WHERE number IN (SELECT number FROM known_numbers WHERE at < ? ORDER BY at LIMIT ?)',
  );

  const anyKnown = prepare<readonly [number]>(db, 'SELECT 1 FROM known_numbers LIMIT 1');

  const expiredValues = prepare<readonly [scope: string, number: string, version: number]>(
    db,
    'SELECT scope, number, version FROM stored_values WHERE expires_at <= ? ORDER BY expires_at LIMIT ?',
  );

  const notesAfter = prepare<ValueKey>(
    db,
    `SELECT scope, number FROM outbox WHERE shard = ${OWN} AND (scope, number) > (?, ?) ORDER BY scope, number LIMIT ?`,
  );
  const deleteNote = prepare(
    db,
    `DELETE FROM outbox WHERE shard = ${OWN} AND scope = ?1 AND number = ?2
     AND NOT EXISTS (SELECT 1 FROM requests WHERE number = ?2 AND ${TO_KEEP})`,
  );
  let lastNote: ValueKey = ['', ''];

  const tooLarge = ({ bytesMax }: PruneLimits): boolean => room.bytes > bytesMax;
  const sparedFromMs = ({ nowMs }: PruneLimits): number => nowMs - ANSWER_MS_MIN;

  /** One log after the other, so that none is dropped for want of room when those before it were enough. */
  function deleteLogs(limits: PruneLimits): number {
    let deleted = 0;
    while (deleted < STEP_LOG_ROWS) {
      const isDue = logs.hasDropped || logs.dropIdle(limits.endedBeforeMs);
      if (!isDue && !(tooLarge(limits) && logs.dropIdle(Infinity, 1))) break;
      deleted += logs.deleteRows(STEP_LOG_ROWS - deleted);
    }
    return deleted;
  }

  function deleteValues({ nowMs }: PruneLimits, rowsMax: number): number {
    const expired = expiredValues.all(nowMs - RENEWAL_GRACE_MS, rowsMax);
    for (const row of expired) values.remove(...row);
    return expired.length;
  }

  /** Goes round: looks at some at each step, and there are few. */
  function deleteNotes(_: PruneLimits, rowsMax: number): number {
    const notes = notesAfter.all(...lastNote, rowsMax);
    lastNote = (notes.length === rowsMax && notes.at(-1)) || ['', ''];
    const isAwaited = (note: ValueKey): boolean => rests.isAwaited(...note);
    return notes.reduce((deleted, note) => deleted + (isAwaited(note) ? 0 : deleteNote.run(...note)), 0);
  }

  /** Those that still stand for something only where nothing else is left to go. */
  function deleteKeysForRoom(limits: PruneLimits, rowsMax: number): number {
    const endedBeforeMs = sparedFromMs(limits);
    const isLast = !endedBefore.get(endedBeforeMs) && !anyKnown.get();
    return keys.deleteSome(rowsMax, isLast ? endedBeforeMs : undefined);
  }

  /** Of a store that is too large, once no log is left to go. */
  const forRoom = (step: Step): Step => {
    return (limits, rowsMax) => (tooLarge(limits) && !logs.hasDropped ? step(limits, rowsMax) : 0);
  };

  /** … and once no answer is, either. */
  const afterAnswers = (step: Step): Step => {
    return forRoom((limits, rowsMax) => (endedBefore.get(sparedFromMs(limits)) ? 0 : step(limits, rowsMax)));
  };

  const steps: readonly Step[] = [
    ({ nowMs }, rowsMax) => deleteKeys.run(nowMs, rowsMax),
    deleteValues,
    deleteNotes,
    ({ endedBeforeMs }, rowsMax) => deleteRequests.run(endedBeforeMs, rowsMax),
    ({ endedBeforeMs }, rowsMax) => deleteKnown.run(endedBeforeMs, rowsMax),
    ({ endedBeforeMs }, rowsMax) => deleteGone.run(endedBeforeMs, rowsMax),
    deleteLogs,
    forRoom(deleteKeysForRoom),
    forRoom((limits, rowsMax) => deleteRequests.run(sparedFromMs(limits), rowsMax)),
    afterAnswers((_, rowsMax) => deleteKnown.run(Infinity, rowsMax)),
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
