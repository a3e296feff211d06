/**
 * The rows that parcels carry, in the worker: how each kind is taken over from another store, and how it is deleted once that has it.
 *
 * Invariants:
 *   P1. Taking a row over again changes nothing.
 *   P2. A row is deleted only as it was given: what has changed since stays, and is given again.
 */
import type { Database } from './database.ts';
import { rowCost } from './log-row.ts';
import { POST_RENEWAL } from './outbox.ts';
import type { ParcelValue } from './parcel-text.ts';
import { QUEUED, queuedOfRow, REQUEST_COLUMNS, type RequestRow } from './request-row.ts';
import { prepare } from './statement.ts';
import { OWN, type ValueRows } from './value-rows.ts';
import { renewableAtMs } from './values.ts';

export type ParcelKind = 'chunk' | 'job' | 'request' | 'key' | 'value' | 'renewal';

/** Where the rows of a parcel go to. */
export interface Adoption {
  /** The shard that gave them, and the one that takes them. */
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
  /** Told of each request that was not there. */
  readonly onRequest: (row: RequestRow) => void;
}

export interface ParcelRows {
  adopt(values: readonly ParcelValue[], adoption: Adoption): void;
  remove(values: readonly ParcelValue[]): void;
}

/** The columns of a request that travel. */
export const TRAVELLING_COLUMNS = `${REQUEST_COLUMNS}, told_at`;
/** The column of the shard that gave the sequence number of a callback, and that number's. */
const [SEQUENCE, SEQUENCE_SHARD] = ['sequence', 'sequence_shard'].map((column) =>
  REQUEST_COLUMNS.split(', ').indexOf(column),
) as [number, number];

export function parcelRows(database: Database, values: ValueRows): Readonly<Record<ParcelKind, ParcelRows>> {
  return {
    ...logRows(database),
    request: requestRows(database),
    key: keyRows(database),
    value: {
      adopt: (row) => values.put(...(row as [string, string, string, number | null, number])),
      remove([scope, number, , , version]) {
        values.remove(scope as string, number as string, version as number);
      },
    },
    renewal: renewalRows(database, values),
  };
}

function requestRows(database: Database): ParcelRows {
  const { db } = database;
  const places = TRAVELLING_COLUMNS.replaceAll(/\w+/g, '?');
  const insert = prepare(
    db,
    `INSERT INTO requests (${TRAVELLING_COLUMNS}) VALUES (${places}) ON CONFLICT (seq) DO NOTHING`,
  );
  const remove = prepare(db, `DELETE FROM requests WHERE seq = ? AND (${TRAVELLING_COLUMNS}) IS (${places})`);
  return {
    adopt(values, { from, to, onRequest }) {
      // Sequence numbers given here have no shard, so one that comes home has none again.
      const shard = values[SEQUENCE] === null ? to : (values[SEQUENCE_SHARD] ?? from);
      const row = values.with(SEQUENCE_SHARD, shard === to ? null : shard);
      if (insert.run(...row) > 0) onRequest(row as unknown as RequestRow);
    },
    remove(values) {
      const row = values as unknown as RequestRow;
      const isRemoved = remove.run(row[0], ...values) > 0;
      if (isRemoved && row[4] === QUEUED) database.queue.left(queuedOfRow(row));
    },
  };
}

/**
 * Logs come row by row, and what counts for their job last. Where there is one of the same job here, the one with more CPU time is
 * kept; those with the same are one and the same.
 */
function logRows(database: Database): Record<'chunk' | 'job', ParcelRows> {
  const { db } = database;
  const own = prepare<readonly [id: number, cpuMs: number]>(
    db,
    'SELECT id, cpu_ms FROM jobs WHERE number = ?',
  );
  const drop = prepare(db, 'UPDATE jobs SET number = NULL, idle_since = NULL WHERE id = ?');
  const begin = prepare<readonly [id: number]>(
    db,
    'INSERT INTO jobs (number, cpu_ms, breaks, idle_since) VALUES (?, ?, 0, ?) RETURNING id',
  );
  const same = prepare(
    db,
    'SELECT 1 FROM job_chunks WHERE job = ?1 AND length(bytes) = length(?2) AND bytes = ?2',
  );
  const append = prepare(db, 'INSERT INTO job_chunks (job, bytes, lengths) VALUES (?, ?, ?)');
  const grow = prepare(db, 'UPDATE jobs SET bytes = bytes + ? WHERE id = ?');
  const setJob = prepare(
    db,
    'UPDATE jobs SET breaks = max(breaks, ?1), idle_since = iif(?2 IS NULL, NULL, idle_since) WHERE id = ?3',
  );
  const deleteChunk = prepare<readonly [job: number]>(
    db,
    'DELETE FROM job_chunks WHERE id = ? AND job = (SELECT id FROM jobs WHERE number = ?) RETURNING job',
  );
  const deleteJob = prepare(
    db,
    `DELETE FROM jobs WHERE number = ? AND cpu_ms = ? AND breaks = ?
     AND NOT EXISTS (SELECT 1 FROM job_chunks WHERE job = jobs.id)`,
  );

  /** The job here that the log goes to; undefined if the one here is kept. Until all of it is there, it is idle. */
  function jobFor(key: ParcelValue, cpuMs: ParcelValue, atMs: number): number | undefined {
    const [id, ownMs = 0] = own.get(key) ?? [];
    if (id !== undefined && ownMs >= (cpuMs as number)) return ownMs === cpuMs ? id : undefined;
    if (id !== undefined) drop.run(id);
    return begin.get(key, cpuMs, atMs)?.[0];
  }

  function resize(job: number, by: number): void {
    grow.run(by, job);
    database.logBytes += by;
  }

  return {
    chunk: {
      adopt([key = null, cpuMs = null, , bytes = null, lengths = null], { atMs }) {
        const job = jobFor(key, cpuMs, atMs);
        if (job === undefined || same.get(job, bytes)) return;
        append.run(job, bytes, lengths);
        resize(job, rowCost((bytes as Uint8Array).length));
      },
      remove([key = null, , id = null, bytes]) {
        const [job] = deleteChunk.get(id, key) ?? [];
        if (job !== undefined) resize(job, -rowCost((bytes as Uint8Array).length));
      },
    },
    job: {
      adopt([key = null, cpuMs = null, breaks = null, idleSinceMs = null], { atMs }) {
        const job = jobFor(key, cpuMs, atMs);
        if (job !== undefined) setJob.run(breaks, idleSinceMs, job);
      },
      remove([key = null, cpuMs = null, breaks = null]) {
        deleteJob.run(key, cpuMs, breaks);
      },
    },
  };
}

/** A key that is in use here stands for what it stood for here. */
function keyRows({ db }: Database): ParcelRows {
  const insert = prepare(
    db,
    `INSERT INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (caller, key) DO NOTHING`,
  );
  const remove = prepare(
    db,
    `DELETE FROM idempotency_keys WHERE caller = ? AND key = ?
     AND (fingerprint, expires_at, first_seq, token, count, written) IS (?, ?, ?, ?, ?, ?)`,
  );
  return { adopt: (row) => void insert.run(...row), remove: (row) => void remove.run(...row) };
}

/** What was noted there for a request that is here by now is a renewal like any other. */
function renewalRows({ db }: Database, values: ValueRows): ParcelRows {
  const post = prepare(db, POST_RENEWAL);
  const remove = prepare(
    db,
    'DELETE FROM outbox WHERE shard = ? AND scope = ? AND number = ? AND expires_at IS ? AND version = ?',
  );
  return {
    adopt(row, { atMs }) {
      const [shard, scope, number, expiresAtMs, version] = row as [
        number,
        string,
        string,
        number | null,
        number,
      ];
      if (shard === OWN) values.renew(scope, number, expiresAtMs, version, renewableAtMs(version, atMs));
      else post.run(...row);
    },
    remove: (row) => void remove.run(...row),
  };
}
