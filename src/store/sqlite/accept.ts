/** Acceptance in the worker: rows of new requests, known numbers, idempotency keys. */
import { KNOWN_DIGITS_MIN } from '../../domain/limits.ts';
import type { TimelineEvent } from '../../domain/request.ts';
import type { WorkKeyOf } from '../../domain/work-key.ts';
import type { Database } from './database.ts';
import { ACCEPT_HEAD, ACCEPT_ROW, type AcceptAsk, type Handlers, type ReplayAnswer } from './operation.ts';
import { DONE, PENDING, QUEUED, REQUEST_COLUMNS, textOfTimeline, type RequestRow } from './request-row.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';

/** A key as it was stored by the first piece of its batch. */
type KeyRow = readonly [
  fingerprint: string,
  expiresAtMs: number,
  firstSeq: number,
  token: string,
  count: number,
  written: number,
];

export function acceptHandlers(
  database: Database,
  room: Room,
  workKeyOf: WorkKeyOf,
): Pick<Handlers, 'accept' | 'withdraw'> {
  const { db } = database;
  const insert = prepare(
    db,
    `INSERT INTO requests (seq, token, caller, mode, status, number, ordinal, accepted_at, callback_url, delivery)
     VALUES (?, ?, ?, ?, ${QUEUED}, ?, ?, ?, ?, ?)`,
  );
  const insertDone = prepare(
    db,
    `INSERT INTO requests
       (seq, token, caller, mode, status, number, ordinal, accepted_at, finished_at, cpu_ms, factors, timeline)
     VALUES (?, ?, ?, ?, ${DONE}, ?, ?, ?, ?, 0, ?, ?)`,
  );
  const knownFactors = prepare<readonly [string]>(db, 'SELECT factors FROM known_numbers WHERE number = ?');
  const requestAt = prepare<RequestRow>(db, `SELECT ${REQUEST_COLUMNS} FROM requests WHERE seq = ?`);
  const anyOf = prepare<readonly [number]>(db, 'SELECT 1 FROM requests WHERE seq BETWEEN ? AND ? LIMIT 1');
  const keyRow = prepare<KeyRow>(
    db,
    'SELECT fingerprint, expires_at, first_seq, token, count, written FROM idempotency_keys WHERE caller = ? AND key = ?',
  );
  const putKey = prepare(db, 'INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const setWritten = prepare(db, 'UPDATE idempotency_keys SET written = ? WHERE caller = ? AND key = ?');
  const deleteKey = prepare(db, 'DELETE FROM idempotency_keys WHERE caller = ? AND key = ?');
  const countQueued = prepare<readonly [number]>(
    db,
    `SELECT count(*) FROM requests WHERE seq >= ? AND seq < ? AND +status = ${QUEUED}`,
  );
  const deleteRange = prepare(db, 'DELETE FROM requests WHERE seq >= ? AND seq < ?');

  /** Writes the `i`-th row of `ask` under the given id; returns its factors if it is done at once. */
  function write(ask: AcceptAsk, i: number, seq: number, token: string): string | null {
    const at = ACCEPT_HEAD + i * ACCEPT_ROW;
    const mode = ask[at] as number;
    const number = ask[at + 1] as string;
    const acceptedAtMs = ask[at + 2] as number;
    const ordinal = ask[at + 3] as number;
    const url = ask[8];
    // One that is to be called back ends as all do: an end is what a callback tells.
    const cheap = url !== null || number.length < KNOWN_DIGITS_MIN;
    const factors = cheap ? undefined : knownFactors.get(workKeyOf(number, ask[0]))?.[0];
    if (factors === undefined) {
      const delivery = url === null ? null : PENDING;
      insert.run(seq, token, ask[0], mode, number, ordinal, acceptedAtMs, url, delivery);
      database.queued++;
      return null;
    }
    const timeline = textOfTimeline([finishedAtOnce(acceptedAtMs)]);
    insertDone.run(seq, token, ask[0], mode, number, ordinal, acceptedAtMs, acceptedAtMs, factors, timeline);
    return factors;
  }

  /** The rows of this piece as they stand. Those that a crash kept from being written are written now. */
  function replay(ask: AcceptAsk, size: number, [, , firstSeq, token, , before]: KeyRow): ReplayAnswer {
    const [caller, , , start, , key] = ask;
    const rows: RequestRow[] = [];
    const written: number[] = [];
    for (let i = 0; i < size; i++) {
      const seq = firstSeq + start + i;
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
          if (found[5] < total || anyOf.get(found[2], found[2] + total - 1)) return replay(ask, size, found);
        }
        if (start === 0) putKey.run(caller, key, fingerprint, expiresAtMs, firstSeq, token, total, size);
        else setWritten.run(start + size, caller, key);
      }
      let known: (string | null)[] | undefined;
      for (let i = 0; i < size; i++) {
        const factors = write(ask, i, firstSeq + start + i, token);
        if (factors === null) continue;
        known ??= Array.from({ length: size }, () => null);
        known[i] = factors;
      }
      return known ?? 'queued';
    },

    withdraw([caller, key, firstSeq, from, to]) {
      database.queued -= countQueued.get(firstSeq + from, firstSeq + to)?.[0] ?? 0;
      deleteRange.run(firstSeq + from, firstSeq + to);
      if (key !== null && from === 0) deleteKey.run(caller, key);
      else if (key !== null) setWritten.run(from, caller, key);
      return null;
    },
  };
}

function finishedAtOnce(atMs: number): TimelineEvent {
  return { event: 'finished', atMs, status: 'done', source: 'known' };
}
