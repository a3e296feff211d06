/**
 * Idempotency keys that may go before they expire, in the worker, where the store is larger than it may be: by going round all of them, those
 * first that expire first, some at each step.
 *
 * Invariant:
 *   K1. A key of which a request is queued, is still to be written, or ended lately, stays.
 */
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { Database } from './database.ts';
import { prepare, type Statement } from './statement.ts';

/** Looked at in one step: keys, and the requests that they stand for. */
const KEYS_MAX = 500;
const REQUESTS_MAX = 20_000;

type Place = readonly [expiresAtMs: number, callerId: string, key: string];
type KeyRow = readonly [...Place, firstSeq: number, count: number];

const START: Place = [-Infinity, '', ''];

export class KeySpace {
  readonly #after: Statement<KeyRow>;
  readonly #delete: Statement<never>;
  readonly #any: Statement<readonly [number]>;
  readonly #open: Statement<readonly [number]>;
  readonly #isArriving: Statement<readonly [number]>;
  /** How far it has come round. */
  #place = START;

  constructor({ db }: Pick<Database, 'db'>) {
    this.#after = prepare(
      db,
      `SELECT expires_at, caller, key, first_seq, count FROM idempotency_keys
       WHERE (expires_at, caller, key) > (?, ?, ?) ORDER BY expires_at, caller, key LIMIT ${KEYS_MAX}`,
    );
    this.#delete = prepare(db, 'DELETE FROM idempotency_keys WHERE caller = ? AND key = ?');
    // Between the sequence numbers of a batch lie those of requests from other shards that were adopted.
    const ofKey = `SELECT 1 FROM requests WHERE seq >= ?1 AND seq < ?2 AND (seq - ?1) % ${SEQ_STRIDE} = 0`;
    this.#any = prepare(db, `${ofKey} LIMIT 1`);
    this.#open = prepare(db, `${ofKey} AND (finished_at IS NULL OR finished_at >= ?3) LIMIT 1`);
    this.#isArriving = prepare(db, 'SELECT 1 FROM batch_rests WHERE first_seq = ? LIMIT 1');
  }

  /**
   * Deletes at most `rowsMax` of those that it looks at in one step: keys of which no request is left, which are free already; and of which
   * every request that is left ended before `endedBeforeMs`, if that is given. Says how many, or 1 where it has only looked at some
   * and others are left to look at in this round.
   */
  deleteSome(rowsMax: number, endedBeforeMs?: number): number {
    const keys = this.#after.all(...this.#place);
    let deleted = 0;
    let requests = 0;
    for (const [expiresAtMs, callerId, key, firstSeq, count] of keys) {
      if (deleted === rowsMax || requests >= REQUESTS_MAX) return Math.max(1, deleted);
      this.#place = [expiresAtMs, callerId, key];
      requests += count;
      if (this.#mayGo(firstSeq, count, endedBeforeMs)) deleted += this.#delete.run(callerId, key);
    }
    if (keys.length === KEYS_MAX) return Math.max(1, deleted);
    this.#place = START;
    return deleted;
  }

  #mayGo(firstSeq: number, count: number, endedBeforeMs: number | undefined): boolean {
    const span = [firstSeq, firstSeq + count * SEQ_STRIDE] as const;
    if (this.#isArriving.get(firstSeq)) return false;
    return (
      !this.#any.get(...span) || (endedBeforeMs !== undefined && !this.#open.get(...span, endedBeforeMs))
    );
  }
}
