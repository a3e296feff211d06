/** Logs of jobs in the worker: chunks by job, and what is counted for it. A dropped log is one whose number is gone; see prune. */
import type { Database } from './database.ts';
import type { Handlers } from './operation.ts';
import { QUEUED } from './request-row.ts';
import { prepare } from './statement.ts';

export function jobLogHandlers({ db }: Database): Pick<Handlers, 'appendLog' | 'readLog' | 'recordBreak'> {
  const touch = prepare<readonly [id: number]>(
    db,
    `INSERT INTO jobs (number, cpu_ms, breaks, updated_at) VALUES (?, ?, 0, ?)
     ON CONFLICT (number) DO UPDATE SET cpu_ms = excluded.cpu_ms, updated_at = excluded.updated_at
     RETURNING id`,
  );
  const append = prepare(db, 'INSERT INTO job_chunks (job, bytes) VALUES (?, ?)');
  const start = prepare(
    db,
    `UPDATE requests SET started_at = ?2 WHERE seq = ?1 AND status = ${QUEUED} AND started_at IS NOT ?2`,
  );
  const job = prepare<readonly [id: number, cpuMs: number, breaks: number]>(
    db,
    'SELECT id, cpu_ms, breaks FROM jobs WHERE number = ?',
  );
  const chunks = prepare<readonly [Uint8Array]>(db, 'SELECT bytes FROM job_chunks WHERE job = ? ORDER BY id');
  const countBreak = prepare<readonly [breaks: number]>(
    db,
    `INSERT INTO jobs (number, cpu_ms, breaks, updated_at) VALUES (?, 0, 1, ?)
     ON CONFLICT (number) DO UPDATE SET breaks = breaks + 1, updated_at = excluded.updated_at
     RETURNING breaks`,
  );
  return {
    appendLog(entry) {
      const [id = 0] = touch.get(entry.number, entry.cpuMs, entry.atMs) ?? [];
      for (const chunk of entry.chunks) append.run(id, chunk);
      for (let i = 0; i < entry.started.length; i += 2)
        start.run(entry.started[i] ?? 0, entry.started[i + 1] ?? 0);
      return null;
    },

    readLog(number) {
      const found = job.get(number);
      if (!found) return { chunks: [], cpuMs: 0, breaks: 0 };
      const [id, cpuMs, breaks] = found;
      return { chunks: chunks.all(id).map(([bytes]) => bytes), cpuMs, breaks };
    },

    recordBreak([number, atMs]) {
      return countBreak.get(number, atMs)?.[0] ?? 0;
    },
  };
}
