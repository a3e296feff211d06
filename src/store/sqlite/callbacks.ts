/** Callbacks in the worker: which are due, what became of an attempt, which URLs are gone. */
import { PAGE_SCAN_MAX } from '../../domain/limits.ts';
import type { Database } from './database.ts';
import type { DueRow, Handlers } from './operation.ts';
import { PENDING, QUEUED } from './request-row.ts';
import { limitTo, prepare } from './statement.ts';

type CallbackOperation = 'callbackBacklog' | 'dueCallbacks' | 'recordAttempt' | 'redeliver' | 'goneEndpoints';

export function callbackHandlers({ db }: Database): Pick<Handlers, CallbackOperation> {
  const backlog = prepare<readonly [callerId: string, firstDueAtMs: number]>(
    db,
    'SELECT caller, min(due_at) FROM requests WHERE due_at IS NOT NULL GROUP BY caller',
  );
  const due = prepare<DueRow>(
    db,
    `SELECT seq, sequence, due_at, callback_url, sequence_shard FROM requests
     WHERE due_at IS NOT NULL AND caller = ? AND (due_at, sequence, ifnull(sequence_shard, -1)) > (?, ?, ?)
     ORDER BY due_at, sequence, ifnull(sequence_shard, -1) ${limitTo('?')}`,
  );
  const record = prepare(
    db,
    `UPDATE requests SET delivery = ?, attempts = ?, due_at = ?, told_at = ?, timeline = ?
     WHERE seq = ? AND sequence = ? AND due_at = ? AND delivery = ${PENDING}`,
  );
  const redeliver = prepare(
    db,
    `UPDATE requests SET delivery = ${PENDING}, attempts = 0, due_at = ?, timeline = ?
     WHERE seq = ? AND sequence IS NOT NULL AND status <> ${QUEUED}`,
  );
  const putGone = prepare(db, 'INSERT OR REPLACE INTO gone_endpoints VALUES (?, ?, ?)');
  const deleteGone = prepare(
    db,
    `DELETE FROM gone_endpoints WHERE (caller, url) = (SELECT caller, callback_url FROM requests WHERE seq = ?)`,
  );
  const gone = prepare<readonly [callerId: string, url: string]>(
    db,
    `SELECT caller, url FROM gone_endpoints ORDER BY at DESC ${limitTo('?')}`,
  );
  return {
    callbackBacklog: () => backlog.all(),
    dueCallbacks: (pages) =>
      pages.map(({ callerId, after, limit }) =>
        due.all(callerId, after.dueAtMs, after.sequence, after.shard ?? -1, Math.min(limit, PAGE_SCAN_MAX)),
      ),
    recordAttempt([
      seq,
      sequence,
      wasDueAtMs,
      delivery,
      attempts,
      dueAtMs,
      toldAtMs,
      timeline,
      goneEndpoint,
    ]) {
      if (goneEndpoint) putGone.run(...goneEndpoint);
      return record.run(delivery, attempts, dueAtMs, toldAtMs, timeline, seq, sequence, wasDueAtMs) > 0;
    },
    redeliver([seq, dueAtMs, timeline]) {
      if (redeliver.run(dueAtMs, timeline, seq) === 0) return false;
      deleteGone.run(seq);
      return true;
    },
    goneEndpoints: (limit) => gone.all(limit),
  };
}
