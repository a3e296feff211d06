/**
 * The last sequence numbers of callbacks, as text in the lease of a database that holds nothing else: whoever claims it next counts on
 * from there, so that no callback of this shard gets a number for the second time.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from '../sqlite/statement.ts';

/** Empty if there are none. */
export function keptSequences(db: DatabaseSync): string {
  const rows = prepare<readonly [caller: string, last: number]>(
    db,
    'SELECT caller, last FROM callback_sequences',
  ).all();
  return rows.length === 0 ? '' : JSON.stringify(rows);
}

/** Inverse of `keptSequences`. Where a caller has a number already, the greater one stays. */
export function takeUpSequences(db: DatabaseSync, text: string): void {
  const put = prepare(
    db,
    `INSERT INTO callback_sequences VALUES (?, ?)
     ON CONFLICT (caller) DO UPDATE SET last = max(last, excluded.last)`,
  );
  for (const row of JSON.parse(text) as [caller: string, last: number][]) put.run(...row);
}
