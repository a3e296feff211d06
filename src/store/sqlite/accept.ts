/** Acceptance in the worker: rows of new requests, known numbers, values, idempotency keys. */
import { KNOWN_DIGITS_MIN } from '../../domain/limits.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { TimelineEvent } from '../../domain/request.ts';
import type { ScopeOf } from '../../domain/value.ts';
import type { WorkKeyOf } from '../../domain/work-key.ts';
import type { Database } from './database.ts';
import { ACCEPT_HEAD, ACCEPT_ROW, type AcceptAsk, type Handlers, type ReplayAnswer } from './operation.ts';
import {
  DONE,
  PENDING,
  QUEUED,
  REQUEST_COLUMNS,
  textOfTimeline,
  VALUES,
  type RequestRow,
} from './request-row.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';
import type { ValueRows } from './value-rows.ts';

/** A key as it was stored by the first piece of its batch. */
type KeyRow = readonly [
  fingerprint: string,
  expiresAtMs: number,
  firstSeq: number,
  token: string,
  count: number,
  written: number,
];

export interface AcceptParts {
  readonly database: Database;
  readonly room: Room;
  readonly values: ValueRows;
  readonly workKeyOf: WorkKeyOf;
  readonly scopeOf: ScopeOf;
}

export function acceptHandlers({
  database,
  room,
  values,
  workKeyOf,
  scopeOf,
}: AcceptParts): Pick<Handlers, 'accept' | 'withdraw'> {
  const { db } = database;
  const insert = prepare(
    db,
    `INSERT INTO requests
       (seq, token, caller, mode, status, number, ordinal, accepted_at, callback_url, delivery, keep_until)
     VALUES (?, ?, ?, ?, ${QUEUED}, ?, ?, ?, ?, ?, ?)`,
  );
  const insertDone = prepare(
    db,
    `INSERT INTO requests
       (seq, token, caller, mode, status, number, ordinal, accepted_at, finished_at, cpu_ms, factors, timeline, keep_until)
     VALUES (?, ?, ?, ?, ${DONE}, ?, ?, ?, ?, 0, ?, ?, ?)`,
  );
  const knownFactors = prepare<readonly [string]>(db, 'SELECT factors FROM known_numbers WHERE number = ?');
  const requestAt = prepare<RequestRow>(db, `SELECT ${REQUEST_COLUMNS} FROM requests WHERE seq = ?`);
  // Between the sequence numbers of a batch lie those of requests from other shards that were adopted.
  const ofBatch = `seq >= ?1 AND seq < ?2 AND (seq - ?1) % ${SEQ_STRIDE} = 0`;
  const anyOf = prepare<readonly [number]>(db, `SELECT 1 FROM requests WHERE ${ofBatch} LIMIT 1`);
  const keyRow = prepare<KeyRow>(
    db,
    'SELECT fingerprint, expires_at, first_seq, token, count, written FROM idempotency_keys WHERE caller = ? AND key = ?',
  );
  const putKey = prepare(db, 'INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const setWritten = prepare(db, 'UPDATE idempotency_keys SET written = ? WHERE caller = ? AND key = ?');
  const deleteKey = prepare(db, 'DELETE FROM idempotency_keys WHERE caller = ? AND key = ?');
  const countQueued = prepare<readonly [number]>(
    db,
    `SELECT count(*) FROM requests WHERE ${ofBatch} AND +status = ${QUEUED}`,
  );
  const deleteRange = prepare(db, `DELETE FROM requests WHERE ${ofBatch}`);

  /** Writes the `i`-th row of `ask` under the given id; returns its factors if it is done at once. */
  function write(ask: AcceptAsk, i: number, seq: number, token: string): string | null {
    const at = ACCEPT_HEAD + i * ACCEPT_ROW;
    const mode = ask[at] as number;
    const number = ask[at + 1] as string;
    const acceptedAtMs = ask[at + 2] as number;
    const ordinal = ask[at + 3] as number;
    const [url, keepUntilMs] = [ask[8], ask[10]];
    const scope = mode === VALUES ? scopeOf(ask[0]) : undefined;
    const kept = scope === undefined ? undefined : values.factors(scope, number, acceptedAtMs);
    // One that is to be called back ends as all do: an end is what a callback tells.
    const cheap = url !== null || number.length < KNOWN_DIGITS_MIN;
    const factors = kept ?? (cheap ? undefined : knownFactors.get(workKeyOf(number, ask[0]))?.[0]);
    if (factors === undefined) {
      const delivery = url === null ? null : PENDING;
      insert.run(seq, token, ask[0], mode, number, ordinal, acceptedAtMs, url, delivery, keepUntilMs);
      database.queued++;
      return null;
    }
    const timeline = textOfTimeline([finishedAtOnce(acceptedAtMs)]);
    const times = [acceptedAtMs, acceptedAtMs] as const;
    insertDone.run(seq, token, ask[0], mode, number, ordinal, ...times, factors, timeline, keepUntilMs);
    if (scope !== undefined) values.put(scope, number, factors, keepUntilMs, seq);
    return factors;
  }

  /** The rows of this piece as they stand. Those that a crash kept from being written are written now. */
  function replay(ask: AcceptAsk, size: number, [, , firstSeq, token, , before]: KeyRow): ReplayAnswer {
    const [caller, , , start, , key] = ask;
    const rows: RequestRow[] = [];
    const written: number[] = [];
    for (let i = 0; i < size; i++) {
      const seq = firstSeq + (start + i) * SEQ_STRIDE;
      if (start + i >= before && write(ask, i, seq, token) === null) written.push(seq);
      const row = requestAt.get(seq);
      // One that was written and is not there has been taken by retention.
      if (row) rows.push(row);
    }
    if (start + size > before) setWritten.run(start + size, caller, key);
    return { firstSeq, token, before, rows, written };
  }

  return {
    accept(ask) {
      const [caller, token, firstSeq, start, total, key, fingerprint, expiresAtMs, , isReplay] = ask;
      if (!room.open) return 'full';
      const size = (ask.length - ACCEPT_HEAD) / ACCEPT_ROW;
      if (key !== null) {
        const found = keyRow.get(caller, key);
        if (start > 0 && isReplay && found) return replay(ask, size, found);
        if (start === 0 && found && found[1] > (ask[ACCEPT_HEAD + 2] as number)) {
          if (found[0] !== fingerprint || found[4] !== total) return 'conflict';
          // Where retention has taken all of it, there is nothing to repeat and the key is free again.
          if (found[5] < total || anyOf.get(found[2], found[2] + total * SEQ_STRIDE))
            return replay(ask, size, found);
        }
        if (start === 0) putKey.run(caller, key, fingerprint, expiresAtMs, firstSeq, token, total, size);
        else setWritten.run(start + size, caller, key);
      }
      let known: (string | null)[] | undefined;
      for (let i = 0; i < size; i++) {
        const factors = write(ask, i, firstSeq + (start + i) * SEQ_STRIDE, token);
        if (factors === null) continue;
        known ??= Array.from({ length: size }, () => null);
        known[i] = factors;
      }
      return known ?? 'queued';
    },

    withdraw([caller, key, firstSeq, from, to]) {
      const range = [firstSeq + from * SEQ_STRIDE, firstSeq + to * SEQ_STRIDE] as const;
      database.queued -= countQueued.get(...range)?.[0] ?? 0;
      deleteRange.run(...range);
      if (key !== null && from === 0) deleteKey.run(caller, key);
      else if (key !== null) setWritten.run(from, caller, key);
      return null;
    },
  };
}

function finishedAtOnce(atMs: number): TimelineEvent {
  return { event: 'finished', atMs, status: 'done', source: 'known' };
}
