/** Values in the worker: kept, looked up, renewed; and found by their primes. */
import { timeOfSeq } from '../../domain/request-id.ts';
import type { Database } from './database.ts';
import { rowsOf } from './flat-rows.ts';
import { RENEWAL_FIELDS, type Handlers, type RenewalRow, type ValueRow } from './operation.ts';
import type { Room } from './room.ts';
import { sizeKey, sqlNumberOfKey } from './size-key.ts';
import { prepare } from './statement.ts';
import type { ValueRows } from './value-rows.ts';

/** When a value must not have expired for a renewal that is heard of now to count: one that comes late counts if it was accepted in time. */
export function renewableAtMs(version: number, nowMs: number): number {
  return Math.min(nowMs, timeOfSeq(version));
}

/** Rows that are read at once. */
const PAGE_ROWS = 1_000;

export function valueHandlers(
  { db }: Database,
  room: Room,
  rows: ValueRows,
): Pick<Handlers, 'putValues' | 'values' | 'valuesOf' | 'renewValues'> {
  const value = prepare<ValueRow>(
    db,
    `SELECT number, factors, expires_at, version FROM stored_values
     WHERE scope = ? AND number = ? AND (expires_at IS NULL OR expires_at > ?)`,
  );
  // CROSS: from the entries of the prime to the values, never the other way.
  const ofPrime = prepare<readonly [lines: string | null, count: number, last: string | null]>(
    db,
    `SELECT group_concat(v.number || ' ' || factors, char(10) ORDER BY p.number)
         FILTER (WHERE expires_at IS NULL OR expires_at > ?5),
       count(*), ${sqlNumberOfKey('max(p.number)')}
     FROM (${rows.numbersOfPrime}) p CROSS JOIN stored_values v ON v.scope = ?1 AND v.number = ${sqlNumberOfKey('p.number')}`,
  );
  return {
    putValues([scope, ...sheets]) {
      if (!room.open) return 'full';
      for (const sheet of sheets) rows.putSheet(scope, ...sheet);
      return null;
    },

    values: ([scope, nowMs, ...numbers]) => numbers.map((number) => value.get(scope, number, nowMs) ?? null),

    // Those that have expired are read as well, but not answered: so a page is bounded in what it costs.
    valuesOf([scope, prime, after, limit, nowMs]) {
      const most = Math.min(limit, PAGE_ROWS);
      const [lines = null, count = 0, next = null] =
        ofPrime.get(scope, sizeKey(prime), sizeKey(after ?? '0'), most, nowMs) ?? [];
      return count < most || next === null ? { lines } : { lines, next };
    },

    renewValues([nowMs, scope, ...renewals]) {
      for (const [number, expiresAtMs, version] of rowsOf<RenewalRow>(renewals, RENEWAL_FIELDS)) {
        rows.renew(scope, number, expiresAtMs, version, renewableAtMs(version, nowMs));
      }
      return null;
    },
  };
}
