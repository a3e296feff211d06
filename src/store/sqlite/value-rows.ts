/**
 * The rows of values in the worker, shared by whatever writes some: POSTs, ends of requests, parcels, retention.
 *
 * A renewal may be heard of while the request that is to make the value, accepted before it, still waits. It is noted in the outbox for
 * `OWN`, and takes effect when the value is made.
 *
 * Invariant:
 *   V1. The index has an entry for each prime of each row of `stored_values`, and no others. It is derived, so whoever copies a
 *       database may leave it out and have it made anew (`indexAfter`).
 */
import type { BatchRests } from './batch-rests.ts';
import type { Database } from './database.ts';
import { POST_RENEWAL } from './outbox.ts';
import { PARTIAL, QUEUED, VALUES } from './request-row.ts';
import { limitTo, prepare, type Statement } from './statement.ts';
import { ValueIndex } from './value-index.ts';
import { valueSheet } from './value-sheet.ts';

export type ValueKey = readonly [scope: string, number: string];

/** In the outbox, in place of a shard: values that requests here are still to make. */
export const OWN = -1;
/** Requests that are still to make a value. In the words of the index `requests_to_keep`. */
export const TO_KEEP = `mode = ${VALUES} AND status IN (${QUEUED}, ${PARTIAL})`;

export class ValueRows {
  readonly #rests: Pick<BatchRests, 'isAwaited'>;
  readonly #index: ValueIndex;
  readonly #insert: Statement<never>;
  readonly #insertAll: Statement<never>;
  readonly #anyOf: Statement<readonly [number]>;
  readonly #sheet: Statement<readonly [number: string, factors: string]>;
  readonly #update: Statement<never>;
  readonly #factors: Statement<readonly [factors: string]>;
  readonly #delete: Statement<readonly [factors: string]>;
  readonly #after: Statement<readonly [scope: string, number: string, factors: string]>;
  readonly #awaited: Statement<readonly [number]>;
  readonly #note: Statement<never>;
  readonly #takeNote: Statement<readonly [expiresAtMs: number | null, version: number]>;

  /** `rests`: of batches that may be to make values. */
  constructor(database: Database, rests: Pick<BatchRests, 'isAwaited'> = { isAwaited: () => false }) {
    const { db } = database;
    this.#rests = rests;
    this.#index = new ValueIndex(database);
    this.#insert = prepare(db, 'INSERT OR IGNORE INTO stored_values VALUES (?, ?, ?, ?, ?)');
    this.#insertAll = prepare(
      db,
      'INSERT OR IGNORE INTO stored_values SELECT ?1, key, value, ?3, ?4 FROM json_each(?2)',
    );
    this.#anyOf = prepare(
      db,
      `SELECT 1 FROM json_each(?2) new CROSS JOIN stored_values v ON v.scope = ?1 AND v.number = new.key LIMIT 1`,
    );
    this.#sheet = prepare(db, 'SELECT key, value FROM json_each(?)');
    this.#update = prepare(
      db,
      `UPDATE stored_values SET expires_at = ?3, version = ?4
       WHERE scope = ?1 AND number = ?2 AND version < ?4 AND (expires_at IS NULL OR expires_at > ?5)`,
    );
    this.#factors = prepare(
      db,
      `SELECT factors FROM stored_values
       WHERE scope = ? AND number = ? AND (expires_at IS NULL OR expires_at > ?)`,
    );
    this.#delete = prepare(
      db,
      'DELETE FROM stored_values WHERE scope = ? AND number = ? AND version = ? RETURNING factors',
    );
    this.#after = prepare(
      db,
      `SELECT scope, number, factors FROM stored_values
       WHERE (scope, number) > (?, ?) ORDER BY scope, number ${limitTo('?')}`,
    );
    this.#awaited = prepare(
      db,
      `SELECT 1 FROM requests WHERE number = ?2 AND (?1 = '' OR caller = ?1) AND ${TO_KEEP}
       AND seq < ?3 AND (keep_until IS NULL OR keep_until > ?4) LIMIT 1`,
    );
    this.#note = prepare(db, POST_RENEWAL);
    this.#takeNote = prepare(
      db,
      `DELETE FROM outbox WHERE shard = ${OWN} AND scope = ? AND number = ? RETURNING expires_at, version`,
    );
  }

  /** See `ValueIndex.numbersOfPrime`. */
  get numbersOfPrime(): string {
    return this.#index.numbersOfPrime;
  }

  /** Keeps a number, or gives it these terms where it is kept under a lesser version. */
  put(scope: string, number: string, factors: string, expiresAtMs: number | null, version: number): void {
    if (this.#insert.run(scope, number, factors, expiresAtMs, version) > 0)
      this.#index.addSheet(scope, valueSheet([[number, factors]]));
    else this.#update.run(scope, number, expiresAtMs, version, -Infinity);
  }

  /** … all numbers of a sheet. */
  putSheet(
    scope: string,
    factors: string,
    primes: string,
    expiresAtMs: number | null,
    version: number,
  ): void {
    // Seldom, and then all are looked at one by one.
    if (this.#anyOf.get(scope, factors)) {
      for (const [number, each] of this.#sheet.all(factors))
        this.put(scope, number, each, expiresAtMs, version);
      return;
    }
    this.#insertAll.run(scope, factors, expiresAtMs, version);
    this.#index.addSheet(scope, { factors, primes });
  }

  /** … the number of a request that has just been done: under the terms that were heard of while it waited, if they are later. */
  putDone(scope: string, number: string, factors: string, expiresAtMs: number | null, seq: number): void {
    this.put(scope, number, factors, expiresAtMs, seq);
    const noted = this.#takeNote.get(scope, number);
    if (noted) this.#update.run(scope, number, ...noted, -Infinity);
  }

  /**
   * Gives a number that is kept, or that a request is still to make a value, these terms, if they have the greater version and it has not
   * expired before `beforeMs`.
   */
  renew(scope: string, number: string, expiresAtMs: number | null, version: number, beforeMs: number): void {
    this.#update.run(scope, number, expiresAtMs, version, beforeMs);
    // What is noted in vain goes with retention.
    if (this.#rests.isAwaited(scope, number) || this.#awaited.get(scope, number, version, beforeMs))
      this.#note.run(OWN, scope, number, expiresAtMs, version);
  }

  /** The factors of a number that is kept and has not expired. */
  factors(scope: string, number: string, nowMs: number): string | undefined {
    return this.#factors.get(scope, number, nowMs)?.[0];
  }

  /** Deletes a number, if it is still kept under this version. */
  remove(scope: string, number: string, version: number): void {
    const [factors] = this.#delete.get(scope, number, version) ?? [];
    if (factors !== undefined) this.#index.remove(scope, number, factors);
  }

  /** Makes the entries of the next `limit` rows after one, where there are none. Returns the last of these; undefined: there are no more. */
  indexAfter([scope, number]: ValueKey, limit: number): ValueKey | undefined {
    const rows = this.#after.all(scope, number, limit);
    for (const [ofScope, some] of Map.groupBy(rows, ([each]) => each))
      this.#index.addSheet(ofScope, valueSheet(some.map(([, each, factors]) => [each, factors] as const)));
    const [lastScope, lastNumber] = rows.at(-1) ?? [];
    return lastScope === undefined || lastNumber === undefined ? undefined : [lastScope, lastNumber];
  }
}
