/**
 * Idempotency keys that may go before they expire, in the worker, where the store is larger than it may be: by going round all of them, those
 * first that expire first, some at each step.
 *
 * Invariant:
 *   K1. A key of which a request is queued, or ended lately, stays.
 */
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { Database } from './database.ts';
import { prepare, type Statement } from './statement.ts';

/** Looked at in one step: keys, and the requests that they stand for. */
const KEYS_MAX = 500;
const REQUESTS_MAX = 20_000;

type Place = readonly [expiresAtMs: number, callerId: string, key: string];
type KeyRow = readonly [...Place, firstSeq: number, count: number];
/** Whether a key may go that stands for the requests with these sequence numbers, `SEQ_STRIDE` apart. */
type MayGo = (firstSeq: number, endSeq: number) => boolean;

const START: Place = [-Infinity, '', ''];

export class KeySpace {
  readonly #after: Statement<KeyRow>;
  readonly #delete: Statement<never>;
  readonly #any: Statement<readonly [number]>;
  readonly #open: Statement<readonly [number]>;
  /** How far each kind of step has come round. */
  #orphans = START;
  #ended = START;

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
  }

  /**
   * Deletes keys of which no request is left: they are free already. Like `deleteEnded`, at most `rowsMax`; says how many, or 1 where it has
   * only looked at some and others are left to look at.
   */
  deleteOrphans(rowsMax: number): number {
    const [done, place] = this.#goOn(this.#orphans, rowsMax, (...span) => !this.#any.get(...span));
    this.#orphans = place;
    return done;
  }

  /** Deletes keys of which every request that is left ended before this. */
  deleteEnded(beforeMs: number, rowsMax: number): number {
    const [done, place] = this.#goOn(this.#ended, rowsMax, (...span) => !this.#open.get(...span, beforeMs));
    this.#ended = place;
    return done;
  }

  #goOn(from: Place, rowsMax: number, mayGo: MayGo): readonly [done: number, Place] {
    const keys = this.#after.all(...from);
    let place = from;
    let deleted = 0;
    let requests = 0;
    for (const [expiresAtMs, callerId, key, firstSeq, count] of keys) {
      if (deleted === rowsMax || requests >= REQUESTS_MAX) return [Math.max(1, deleted), place];
      place = [expiresAtMs, callerId, key];
      requests += count;
      if (mayGo(firstSeq, firstSeq + count * SEQ_STRIDE)) deleted += this.#delete.run(callerId, key);
    }
    return keys.length < KEYS_MAX ? [deleted, START] : [Math.max(1, deleted), place];
  }
}
