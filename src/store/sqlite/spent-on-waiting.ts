/**
 * What the number of a waiting request has had of CPU time: in the worker, read with its row.
 *
 * The row itself says only where its budget began, since work goes on by the number: its log is where that is written. Without this,
 * one that waits to be taken up again after a restart would be told that nothing was done for it.
 */
import type { WorkKeyOf } from '../../domain/work-key.ts';
import type { Database } from './database.ts';
import { QUEUED, type ReadRow, type RequestRow } from './request-row.ts';
import { prepare } from './statement.ts';

export function spentOnWaiting({ db }: Database, workKeyOf: WorkKeyOf): (row: RequestRow) => ReadRow {
  const spent = prepare<readonly [cpuMs: number]>(db, 'SELECT cpu_ms FROM jobs WHERE number = ?');
  return (row) => {
    const [status, cpuMs] = [row[4], row[10]];
    // Nothing was ever done for most of them: these cost nothing.
    if (status !== QUEUED || cpuMs === null) return row;
    const [callerId, number] = [row[2], row[5]];
    const [spentMs] = spent.get(workKeyOf(number, callerId)) ?? [];
    return spentMs === undefined ? row : [...row, spentMs];
  };
}
