/** The end of requests in the worker, and the way back from `partial` to the queue. */
import type { ScopeOf } from '../../domain/value.ts';
import type { WorkKeyOf } from '../../domain/work-key.ts';
import type { Database } from './database.ts';
import type { Handlers } from './operation.ts';
import { DONE, PARTIAL, PENDING, QUEUED, VALUES } from './request-row.ts';
import { prepare } from './statement.ts';
import type { ValueRows } from './value-rows.ts';

export interface FinishParts {
  readonly database: Database;
  readonly values: ValueRows;
  readonly workKeyOf: WorkKeyOf;
  readonly scopeOf: ScopeOf;
}

export function finishHandlers({
  database,
  values,
  workKeyOf,
  scopeOf,
}: FinishParts): Pick<Handlers, 'finish' | 'requeue'> {
  const { db } = database;
  // A look before it costs less than the same columns returned by the update.
  const queued = prepare<readonly [callerId: string, number: string, callbackUrl: string | null]>(
    db,
    `SELECT caller, number, callback_url FROM requests WHERE seq = ? AND status = ${QUEUED}`,
  );
  const end = prepare(
    db,
    `UPDATE requests
     SET status = ?, started_at = ?, finished_at = ?, cpu_ms = ?, factors = ?, error_code = ?, error_reason = ?, timeline = ?
     WHERE seq = ?`,
  );
  const nextSequence = prepare<readonly [last: number]>(
    db,
    `INSERT INTO callback_sequences SELECT caller, 1 FROM requests WHERE seq = ?
     ON CONFLICT (caller) DO UPDATE SET last = last + 1 RETURNING last`,
  );
  const makeDue = prepare(
    db,
    'UPDATE requests SET sequence = ?, attempts = 0, due_at = finished_at WHERE seq = ?',
  );
  const toKeep = prepare<
    readonly [callerId: string, number: string, factors: string, keepUntilMs: number | null]
  >(db, `SELECT caller, number, factors, keep_until FROM requests WHERE seq = ? AND mode = ${VALUES}`);
  const remember = prepare(db, 'INSERT OR REPLACE INTO known_numbers VALUES (?, ?, ?, ?)');
  const dropLog = prepare(db, 'UPDATE jobs SET number = NULL WHERE number = ?');
  const idleSince = prepare(db, 'UPDATE jobs SET idle_since = ? WHERE number = ?');
  const requeue = prepare<readonly [callerId: string, number: string, callbackUrl: string | null]>(
    db,
    `UPDATE requests
     SET status = ${QUEUED}, ordinal = ?, timeline = ?, started_at = NULL, finished_at = NULL,
       delivery = CASE WHEN callback_url IS NULL THEN NULL ELSE ${PENDING} END,
       sequence = NULL, sequence_shard = NULL, attempts = NULL, told_at = NULL
     WHERE seq = ? AND status = ${PARTIAL} AND due_at IS NULL RETURNING caller, number, callback_url`,
  );
  /** Makes the callback of a request that has just ended due, and numbers it. */
  function callBack(seq: number): number {
    const [sequence = 0] = nextSequence.get(seq) ?? [];
    makeDue.run(sequence, seq);
    return sequence;
  }

  /** Keeps the value that a request in mode `values`, which has just been done, was for. */
  function keepValue(seq: number): void {
    const found = toKeep.get(seq);
    if (!found) return;
    const [callerId, number, factors, keepUntilMs] = found;
    values.putDone(scopeOf(callerId), number, factors, keepUntilMs, seq);
  }

  return {
    finish(jobs) {
      const ended: number[] = [];
      for (const { number: key, dropLog: drop, known, rows } of jobs) {
        let idleAtMs: number | undefined;
        for (const row of rows) {
          const [seq, called] = [row[8], row[9]];
          const found = queued.get(seq);
          if (!found) continue;
          end.run(...row.slice(0, 9));
          const [callerId, number, callbackUrl] = found;
          database.queue.left({ seq, callerId, number, callbackUrl });
          ended.push(seq, called === 1 ? callBack(seq) : 0);
          if (row[0] === DONE) keepValue(seq);
          else idleAtMs = row[2];
        }
        if (known) remember.run(key, ...known);
        if (drop) dropLog.run(key);
        // Kept for about as long as a partial request is, so that it can be resumed. If others still wait, its next chunk tells.
        else if (idleAtMs !== undefined) idleSince.run(idleAtMs, key);
      }
      return ended;
    },

    requeue([seq, ordinal, timeline]) {
      const found = requeue.get(ordinal, timeline, seq);
      if (!found) return false;
      const [callerId, number, callbackUrl] = found;
      idleSince.run(null, workKeyOf(number, callerId));
      database.queue.joined({ seq, callerId, number, callbackUrl });
      return true;
    },
  };
}
