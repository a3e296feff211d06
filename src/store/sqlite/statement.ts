/** Prepared statements as the operations use them: values in by position, rows out as arrays (cheaper than objects to copy between threads). */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

export interface Statement<Row> {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  /** The rows one by one, as far as they are wanted. The statement is not run again meanwhile. */
  iterate(...values: SQLInputValue[]): Iterable<Row>;
  /** All rows, with values by name (`:name`); names that the statement does not have are ignored. */
  named(values: Record<string, SQLInputValue>): Row[];
  /** Number of rows changed. */
  run(...values: SQLInputValue[]): number;
}

/**
 * The end of a statement that reads at most so many rows as `parameter` says, such as `?` or `?4`. SQLite (3.53) plans by the value of a bare
 * one, and so compiles the statement anew whenever one is bound: 40 µs each time.
 */
export function limitTo(parameter: string): string {
  return `LIMIT ${parameter} + 0`;
}

/** Prepares `sql` once, to be run many times. `Row` is the tuple of its columns. `bigInts`: integers are read as such, for those above 2^53. */
export function prepare<Row extends readonly unknown[] = never>(
  db: DatabaseSync,
  sql: string,
  { bigInts = false } = {},
): Statement<Row> {
  const statement = db.prepare(sql);
  statement.setReadBigInts(bigInts);
  statement.setReturnArrays(true);
  statement.setAllowUnknownNamedParameters(true);
  return {
    get: (...values) => statement.get(...values) as unknown as Row | undefined,
    all: (...values) => statement.all(...values) as unknown as Row[],
    iterate: (...values) => statement.iterate(...values) as unknown as Iterable<Row>,
    named: (values) => statement.all(values) as unknown as Row[],
    run: (...values) => Number(statement.run(...values).changes),
  };
}
