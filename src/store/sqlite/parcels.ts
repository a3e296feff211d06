/**
 * Handing over in the worker: what a store holds goes in parcels, each of which another store takes over before it is deleted here.
 *
 * A parcel holds the first rows, in order of importance, of what is left; so the same one is made until it is parted with. Before a
 * request comes the log of its job, so that it can go on at once where it is taken over, and before an idempotency key come the
 * requests that it stands for.
 *
 * What only saves computing (known numbers, logs that nobody waits for) and what is said of a shard (its last sequence numbers, URLs
 * that are gone) does not travel.
 */
import { COMMIT_ROWS_MAX, PARCEL_BYTES } from '../../domain/limits.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { WorkKeyOf } from '../../domain/work-key.ts';
import type { BatchRests } from './batch-rests.ts';
import type { Database } from './database.ts';
import { rowCost } from './log-row.ts';
import type { LogSpace } from './log-space.ts';
import type { Handlers } from './operation.ts';
import { parcelRows, TRAVELLING_COLUMNS, type ParcelKind } from './parcel-rows.ts';
import { parcelBytes, parcelContent, rowText, type ParcelRow } from './parcel-text.ts';
import { PARTIAL, QUEUED, queuedOfRow, type RequestRow } from './request-row.ts';
import type { Room } from './room.ts';
import { MIGRATIONS } from './schema.ts';
import { prepare } from './statement.ts';
import type { ValueRows } from './value-rows.ts';

export interface ParcelParts {
  readonly database: Database;
  readonly room: Room;
  readonly logs: LogSpace;
  readonly rests: Pick<BatchRests, 'areAny'>;
  readonly values: ValueRows;
  readonly workKeyOf: WorkKeyOf;
  /** The shard that this store is. */
  readonly shard: number;
}

type TravellingRow = readonly [...RequestRow, toldAtMs: number | null];
type Row = ParcelRow<ParcelKind>;
type KeyRow = readonly [
  callerId: string,
  key: string,
  fingerprint: string,
  expiresAtMs: number,
  firstSeq: number,
  token: string,
  count: number,
  written: number,
];

export function parcelHandlers({
  database,
  room,
  logs,
  rests,
  values,
  workKeyOf,
  shard,
}: ParcelParts): Pick<Handlers, 'parcel' | 'adopt' | 'partWith'> {
  const { db } = database;
  const kinds = parcelRows(database, values);
  const requests = (where: string) =>
    prepare<TravellingRow>(db, `SELECT ${TRAVELLING_COLUMNS} FROM requests WHERE ${where}`);
  const queued = requests(`status = ${QUEUED} ORDER BY caller, seq`);
  const due = requests('due_at IS NOT NULL ORDER BY caller, due_at, sequence');
  const ofBatch = requests(`seq >= ?1 AND seq < ?2 AND (seq - ?1) % ${SEQ_STRIDE} = 0 ORDER BY seq`);
  const rest = requests('true ORDER BY seq DESC');
  const keys = prepare<KeyRow>(db, 'SELECT * FROM idempotency_keys ORDER BY caller, key');
  const job = prepare<readonly [id: number, cpuMs: number, breaks: number, idleSinceMs: number | null]>(
    db,
    'SELECT id, cpu_ms, breaks, idle_since FROM jobs WHERE number = ?',
  );
  const chunks = prepare<readonly [id: number, bytes: Uint8Array, lengths: Uint8Array | null]>(
    db,
    'SELECT id, bytes, lengths FROM job_chunks WHERE job = ? ORDER BY id',
  );
  const keptValues = prepare<readonly [string, string, string, number | null, number]>(
    db,
    'SELECT scope, number, factors, expires_at, version FROM stored_values ORDER BY scope, number',
  );
  const renewals = prepare<readonly [number, string, string, number | null, number]>(
    db,
    'SELECT shard, scope, number, expires_at, version FROM outbox ORDER BY shard, scope, number',
  );

  /** All that travels, in order of importance, each row once. */
  function* content(): Generator<Row> {
    const seqs = new Set<number>();
    const jobs = new Set<string>();

    function* log(key: string): Generator<Row> {
      const found = jobs.has(key) ? undefined : job.get(key);
      jobs.add(key);
      if (!found) return;
      const [id, cpuMs, ...counts] = found;
      for (const chunk of chunks.iterate(id)) yield ['chunk', key, cpuMs, ...chunk];
      yield ['job', key, cpuMs, ...counts];
    }

    function* withLogs(rows: Iterable<TravellingRow>): Generator<Row> {
      for (const row of rows) {
        const [seq, , callerId, , status, number] = row;
        if (seqs.has(seq)) continue;
        seqs.add(seq);
        if (status === QUEUED || status === PARTIAL) yield* log(workKeyOf(number, callerId));
        yield ['request', ...row];
      }
    }

    yield* withLogs(queued.iterate());
    yield* withLogs(due.iterate());
    // A key stands for all of its requests.
    if (rests.areAny) return;
    for (const key of keys.iterate()) {
      const [, , , , firstSeq, , count] = key;
      yield* withLogs(ofBatch.iterate(firstSeq, firstSeq + count * SEQ_STRIDE));
      yield ['key', ...key];
    }
    for (const row of keptValues.iterate()) yield ['value', ...row];
    for (const row of renewals.iterate()) yield ['renewal', ...row];
    yield* withLogs(rest.iterate());
  }

  return {
    parcel() {
      const texts: string[] = [];
      let chars = 0;
      for (const row of content()) {
        const text = rowText(row);
        const isFull = chars + text.length > PARCEL_BYTES || texts.length === COMMIT_ROWS_MAX;
        if (isFull && texts.length > 0) break;
        texts.push(text);
        chars += text.length;
      }
      if (texts.length === 0) return rests.areAny ? 'unwritten' : null;
      return parcelBytes(MIGRATIONS.length, shard, texts);
    },

    adopt([bytes, atMs]) {
      const { version, shard: from, rows } = parcelContent<ParcelKind>(bytes);
      if (version !== MIGRATIONS.length) return 'version';
      const logBytes = rows.reduce((sum, row) => sum + (row[0] === 'chunk' ? chunkCost(row) : 0), 0);
      if (!room.open) return 'full';
      // They only save computing: the rest does not wait for room for them.
      const takesLogs = logBytes === 0 || logs.makeRoom(room, logBytes);
      const counts = new Map<string, number>();
      const firstDue = new Map<string, number>();
      const onRequest = (row: RequestRow): void => {
        const [callerId, status, dueAtMs] = [row[2], row[4], row[19]];
        if (status === QUEUED) {
          counts.set(callerId, (counts.get(callerId) ?? 0) + 1);
          database.queue.joined(queuedOfRow(row));
        }
        if (dueAtMs !== null) firstDue.set(callerId, Math.min(firstDue.get(callerId) ?? Infinity, dueAtMs));
      };
      for (const [kind, ...row] of rows) {
        if (kind !== 'chunk' || takesLogs) kinds[kind].adopt(row, { from, to: shard, atMs, onRequest });
      }
      return { queued: [...counts], due: [...firstDue] };
    },

    partWith(bytes) {
      for (const [kind, ...row] of parcelContent<ParcelKind>(bytes).rows) kinds[kind].remove(row);
      return null;
    },
  };
}

function chunkCost(row: Row): number {
  const bytes = row[4];
  return bytes instanceof Uint8Array ? rowCost(bytes.length) : 0;
}
