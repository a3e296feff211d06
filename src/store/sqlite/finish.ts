/** The end of requests in the worker, and the way back from `partial` to the queue. */
import type { Database } from './database.ts';
import type { Handlers } from './operation.ts';
import { PARTIAL, QUEUED } from './request-row.ts';
import { prepare } from './statement.ts';

export function finishHandlers(database: Database): Pick<Handlers, 'finish' | 'requeue'> {
  const { db } = database;
  const end = prepare(
    db,
    `UPDATE requests
     SET status = ?, started_at = ?, finished_at = ?, cpu_ms = ?, factors = ?, error_code = ?, error_reason = ?, timeline = ?
     WHERE seq = ? AND status = ${QUEUED}`,
  );
  const remember = prepare(db, 'INSERT OR REPLACE INTO known_numbers VALUES (?, ?, ?, ?)');
  const dropLog = prepare(db, 'UPDATE jobs SET number = NULL WHERE number = ?');
  const keepLogUntil = prepare(db, 'UPDATE jobs SET updated_at = ? WHERE number = ?');
  const requeue = prepare(
    db,
    `UPDATE requests
     SET status = ${QUEUED}, ordinal = ?, timeline = ?, started_at = NULL, finished_at = NULL, cpu_ms = NULL, factors = NULL
     WHERE seq = ? AND status = ${PARTIAL}`,
  );
  return {
    finish(jobs) {
      const ended: number[] = [];
      for (const { number, dropLog: drop, known, rows } of jobs) {
        let partialAtMs: number | undefined;
        for (const row of rows) {
          if (end.run(...row) === 0) continue;
          ended.push(row[8]);
          if (row[0] === PARTIAL) partialAtMs = row[2];
        }
        if (known) remember.run(number, ...known);
        if (drop) dropLog.run(number);
        // A partial request can be resumed for as long as it is kept, and so is its log.
        else if (partialAtMs !== undefined) keepLogUntil.run(partialAtMs, number);
      }
      database.queued -= ended.length;
      return ended;
    },

    requeue([seq, ordinal, timeline]) {
      const done = requeue.run(ordinal, timeline, seq) > 0;
      if (done) database.queued++;
      return done;
    },
  };
}
