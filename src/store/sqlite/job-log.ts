/**
 * Logs of jobs in the worker: rows of chunks by job, and what is counted for it. How they go: see `LogSpace`.
 *
 * Logs have a share of the store (see `Room`). One that would go beyond it has those that are idle dropped, the oldest first, and
 * is refused if that is not enough: what is missing costs time after a crash, no more. What has been spent is noted all the same,
 * or a crash would renew the budget of requests.
 */
import type { Database } from './database.ts';
import { packChunks, rowCost, unpackChunks, type LogRow } from './log-row.ts';
import type { LogSpace } from './log-space.ts';
import type { Handlers, LogPage } from './operation.ts';
import { QUEUED } from './request-row.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';

/** Rows that are read at once: about 1 MiB, a millisecond. */
const PAGE_ROWS = 16;

export function jobLogHandlers(
  database: Database,
  room: Room,
  space: LogSpace,
): Pick<Handlers, 'appendLog' | 'readLog' | 'recordBreak'> {
  const { db } = database;
  const touch = prepare<readonly [id: number]>(
    db,
    `INSERT INTO jobs (number, cpu_ms, breaks, bytes, idle_since) VALUES (?1, ?2, 0, ?3, ?4)
     ON CONFLICT (number) DO UPDATE SET cpu_ms = ?2, bytes = bytes + ?3, idle_since = ?4
     RETURNING id`,
  );
  const append = prepare(db, 'INSERT INTO job_chunks (job, bytes, lengths) VALUES (?, ?, ?)');
  const isQueued = prepare<readonly [number]>(
    db,
    `SELECT 1 FROM requests WHERE seq = ? AND status = ${QUEUED}`,
  );
  const start = prepare(
    db,
    `UPDATE requests SET started_at = ?2, cpu_ms = ?3
     WHERE seq = ?1 AND status = ${QUEUED} AND started_at IS NOT ?2`,
  );
  const job = prepare<readonly [id: number, cpuMs: number, breaks: number]>(
    db,
    'SELECT id, cpu_ms, breaks FROM jobs WHERE number = ?',
  );
  const rowsAfter = prepare<readonly [id: number, bytes: Uint8Array, lengths: Uint8Array | null]>(
    db,
    `SELECT id, bytes, lengths FROM job_chunks WHERE job = ? AND id > ? ORDER BY id LIMIT ${PAGE_ROWS}`,
  );
  // Until its job has a log, nothing tells that somebody waits for it.
  const countBreak = prepare<readonly [breaks: number]>(
    db,
    `INSERT INTO jobs (number, cpu_ms, breaks, idle_since) VALUES (?, 0, 1, ?)
     ON CONFLICT (number) DO UPDATE SET breaks = breaks + 1
     RETURNING breaks`,
  );

  return {
    appendLog({ number, chunks, cpuMs, started, atMs }) {
      const rows = packChunks(chunks);
      const bytes = rows.reduce((sum, row) => sum + rowCost(row.bytes.length), 0);
      let isWaitedFor = false;
      for (let i = 0; i < started.length; i += 3) {
        const [seq = 0, startedAtMs = 0, budgetFromMs = 0] = started.slice(i, i + 3);
        start.run(seq, startedAtMs, budgetFromMs);
        isWaitedFor ||= isQueued.get(seq) !== undefined;
      }
      const hasRoom = space.makeRoom(room, bytes);
      const [id = 0] = touch.get(number, cpuMs, hasRoom ? bytes : 0, isWaitedFor ? null : atMs) ?? [];
      if (!hasRoom) return 'full';
      for (const row of rows) append.run(id, row.bytes, row.lengths);
      database.logBytes += bytes;
      return null;
    },

    readLog([number, after]) {
      const found = job.get(number);
      if (!found) return { chunks: [], cpuMs: 0, breaks: 0 };
      const [id, cpuMs, breaks] = found;
      const rows = rowsAfter.all(id, after);
      const page: LogPage = { cpuMs, breaks, chunks: sharedChunks(rows) };
      const [last] = rows.at(-1) ?? [];
      return rows.length < PAGE_ROWS || last === undefined ? page : { ...page, next: last };
    },

    recordBreak([number, atMs]) {
      return countBreak.get(number, atMs)?.[0] ?? 0;
    },
  };
}

/** The chunks of all rows, in shared memory: the way to the thread that takes them in copies none of them again. */
function sharedChunks(
  rows: readonly (readonly [id: number, bytes: Uint8Array, lengths: Uint8Array | null])[],
): Uint8Array[] {
  const size = rows.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  const shared = new Uint8Array(new SharedArrayBuffer(size));
  let end = 0;
  return rows.flatMap(([, bytes, lengths]): Uint8Array[] => {
    const begin = end;
    end += bytes.length;
    shared.set(bytes, begin);
    const row: LogRow = { bytes: shared.subarray(begin, end), lengths };
    return unpackChunks(row);
  });
}
