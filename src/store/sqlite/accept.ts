/** Acceptance in the worker: rows of new requests, known numbers, values, idempotency keys. */
import { KNOWN_DIGITS_MIN } from '../../domain/limits.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { TimelineEvent } from '../../domain/request.ts';
import type { ScopeOf } from '../../domain/value.ts';
import type { WorkKeyOf } from '../../domain/work-key.ts';
import type { Database } from './database.ts';
import { bytesAsRequests, type BatchRests } from './batch-rests.ts';
import { ACCEPT_HEAD, ACCEPT_ROW, type AcceptAsk, type Handlers, type PieceAnswer } from './operation.ts';
import { DONE, PENDING, QUEUED, textOfTimeline, VALUES } from './request-row.ts';
import type { Room } from './room.ts';
import { prepare } from './statement.ts';
import type { ValueRows } from './value-rows.ts';

type KeyRow = readonly [fingerprint: string, expiresAtMs: number, firstSeq: number, count: number];

export interface AcceptParts {
  readonly database: Database;
  readonly room: Room;
  readonly rests: BatchRests;
  readonly values: ValueRows;
  readonly workKeyOf: WorkKeyOf;
  readonly scopeOf: ScopeOf;
}

export function acceptHandlers({
  database,
  room,
  rests,
  values,
  workKeyOf,
  scopeOf,
}: AcceptParts): Pick<Handlers, 'accept' | 'writeRest'> {
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
  // Between the sequence numbers of a batch lie those of requests from other shards that were adopted.
  const anyOf = prepare<readonly [number]>(
    db,
    `SELECT 1 FROM requests WHERE seq >= ?1 AND seq < ?2 AND (seq - ?1) % ${SEQ_STRIDE} = 0 LIMIT 1`,
  );
  const keyRow = prepare<KeyRow>(
    db,
    'SELECT fingerprint, expires_at, first_seq, count FROM idempotency_keys WHERE caller = ? AND key = ?',
  );
  const putKey = prepare(db, 'INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?7, ?7)');

  /** Writes the `i`-th row of `ask` under the given id; returns its factors if it is done at once. */
  function write(ask: AcceptAsk, i: number, seq: number, token: string): string | null {
    const at = ACCEPT_HEAD + i * ACCEPT_ROW;
    const mode = ask[at] as number;
    const number = ask[at + 1] as string;
    const acceptedAtMs = ask[at + 2] as number;
    const ordinal = ask[at + 3] as number;
    const [url, keepUntilMs] = [ask[8], ask[9]];
    const scope = mode === VALUES ? scopeOf(ask[0]) : undefined;
    const kept = scope === undefined ? undefined : values.factors(scope, number, acceptedAtMs);
    // One that is to be called back ends as all do: an end is what a callback tells.
    const cheap = url !== null || number.length < KNOWN_DIGITS_MIN;
    const factors = kept ?? (cheap ? undefined : knownFactors.get(workKeyOf(number, ask[0]))?.[0]);
    if (factors === undefined) {
      const delivery = url === null ? null : PENDING;
      insert.run(seq, token, ask[0], mode, number, ordinal, acceptedAtMs, url, delivery, keepUntilMs);
      database.queue.joined({ seq, callerId: ask[0], number, callbackUrl: url });
      return null;
    }
    const timeline = textOfTimeline([finishedAtOnce(acceptedAtMs)]);
    const times = [acceptedAtMs, acceptedAtMs] as const;
    insertDone.run(seq, token, ask[0], mode, number, ordinal, ...times, factors, timeline, keepUntilMs);
    if (scope !== undefined) values.put(scope, number, factors, keepUntilMs, seq);
    return factors;
  }

  function writePiece(ask: AcceptAsk): PieceAnswer {
    const [, token, firstSeq, start] = ask;
    const size = (ask.length - ACCEPT_HEAD) / ACCEPT_ROW;
    let known: (string | null)[] | undefined;
    for (let i = 0; i < size; i++) {
      const factors = write(ask, i, firstSeq + (start + i) * SEQ_STRIDE, token);
      if (factors === null) continue;
      known ??= Array.from({ length: size }, () => null);
      known[i] = factors;
    }
    return known ?? 'queued';
  }

  return {
    accept([ask, pieces]) {
      const [caller, token, firstSeq, , total, key, fingerprint, expiresAtMs] = ask;
      if (key !== null) {
        const found = keyRow.get(caller, key);
        if (found && found[1] > (ask[ACCEPT_HEAD + 2] as number)) {
          if (found[0] !== fingerprint || found[3] !== total) return 'conflict';
          // Where retention has taken all of it, there is nothing to repeat and the key is free again.
          if (anyOf.get(found[2], found[2] + total * SEQ_STRIDE)) return { firstSeq: found[2] };
        }
      }
      // As they are kept, and as what they are to become: both at once for a while.
      const restBytes = pieces.reduce((sum, piece) => sum + piece[2].length + bytesAsRequests(ask, piece), 0);
      if (!room.hasRoomFor(restBytes)) return 'full';
      const bytesMax = room.exceededShare(caller);
      if (bytesMax !== undefined) return { bytesMax };
      if (key !== null) putKey.run(caller, key, fingerprint, expiresAtMs, firstSeq, token, total);
      for (const piece of pieces) rests.keep(ask, piece);
      return writePiece(ask);
    },

    writeRest(key) {
      const piece = rests.take(key);
      if (!piece) return null;
      const [firstSeq, start, ask] = piece;
      return [firstSeq, start, writePiece(ask)];
    },
  };
}

function finishedAtOnce(atMs: number): TimelineEvent {
  return { event: 'finished', atMs, status: 'done', source: 'known' };
}
