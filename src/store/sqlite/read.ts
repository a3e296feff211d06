/** Reads in the worker: by idempotency key, by sequence number, by caller in the order of the queue, known numbers. */
import { PIECE_ROWS } from '../../domain/limits.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { Database } from './database.ts';
import type { Handlers, ProgressRow } from './operation.ts';
import { DONE, QUEUED, REQUEST_COLUMNS, VALUES, type ReadRow, type RequestRow } from './request-row.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';

const NO_BATCH: ProgressRow = [0, 0, 0, null];

export function readHandlers(
  { db }: Database,
  room: Room,
  withSpent: (row: RequestRow) => ReadRow,
): Pick<Handlers, 'heldKeys' | 'get' | 'batchProgress' | 'backlog' | 'queued' | 'known' | 'stats'> {
  const bySeq = prepare<RequestRow>(db, `SELECT ${REQUEST_COLUMNS} FROM requests WHERE seq = ?`);
  const heldKey = prepare(
    db,
    'SELECT 1 FROM idempotency_keys WHERE caller = ? AND key = ? AND expires_at > ?',
  );
  const isBatch = prepare(db, `SELECT 1 FROM requests WHERE seq = ? AND token = ? AND mode = ${VALUES}`);
  // Adopted requests of other shards may lie between those of the batch: they have other tokens.
  const progress = prepare<ProgressRow>(
    db,
    `SELECT count(*) FILTER (WHERE status = ${QUEUED}),
       count(*) FILTER (WHERE status = ${DONE}),
       count(*) FILTER (WHERE status NOT IN (${QUEUED}, ${DONE})),
       max(seq) FILTER (WHERE status = ${QUEUED})
     FROM requests WHERE seq BETWEEN ? AND ? AND token = ? AND mode = ${VALUES}`,
  );
  const backlog = prepare<readonly [callerId: string, count: number, ordinalMax: number]>(
    db,
    `SELECT caller, count(*), max(ordinal) FROM requests WHERE status = ${QUEUED} GROUP BY caller`,
  );
  const queued = prepare<RequestRow>(
    db,
    `SELECT ${REQUEST_COLUMNS} FROM requests
     WHERE status = ${QUEUED} AND caller = ? AND seq > ? ORDER BY seq LIMIT ?`,
  );
  const known = prepare<readonly [string]>(db, 'SELECT factors FROM known_numbers WHERE number = ?');
  const lastSeq = prepare<readonly [number | null]>(db, 'SELECT max(seq) FROM requests');
  // Retention may have taken the requests of a key, values have versions without ever having had one, and pieces of batches are still to be
  // written. One pass over each, hence at opening only: later ones are given by this process.
  const greatest = (sql: string): number => prepare<readonly [number | null]>(db, sql).get()?.[0] ?? 0;
  const keptSeq = Math.max(
    greatest(`SELECT max(first_seq + (count - 1) * ${SEQ_STRIDE}) FROM idempotency_keys`),
    greatest('SELECT max(version) FROM stored_values'),
    greatest(`SELECT max(first_seq + (start + ${PIECE_ROWS - 1}) * ${SEQ_STRIDE}) FROM batch_rests`),
  );
  return {
    heldKeys: (keys) => keys.map((key) => heldKey.get(...key) !== undefined),
    get: (seqs) =>
      seqs.map((seq) => {
        const row = bySeq.get(seq);
        return row ? withSpent(row) : null;
      }),
    // Anyone can make an id up: what is not there costs one look.
    batchProgress: ([first, token, count]) =>
      (isBatch.get(first, token) && progress.get(first, first + (count - 1) * SEQ_STRIDE, token)) ?? NO_BATCH,
    backlog: () => backlog.all(),
    queued: (pages) =>
      pages.map(({ callerId, afterSeq, limit }) => queued.all(callerId, afterSeq, limit).map(withSpent)),
    known: (numbers) => numbers.map((number) => known.get(number)?.[0] ?? null),
    stats: () => ({ ...room.stats(), lastSeq: Math.max(lastSeq.get()?.[0] ?? 0, keptSeq) }),
  };
}
