/**
 * A table of the working copy and the hash that mirrors it: a field for each row, named after its primary key, with the row as value.
 *
 * A value is the JSON array of the columns, without the NULLs at its end. In it a blob is its length: the bytes follow after a line feed,
 * one blob after the other.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { prepare, type Statement } from '../sqlite/statement.ts';
import { PREFIX } from './lease-scripts.ts';

export interface MirroredTable {
  readonly name: string;
  /** Of the hash. */
  readonly key: string;
  readonly columns: readonly string[];
  readonly keyColumns: readonly string[];
  /** Positions in `columns`. */
  readonly blobs: readonly number[];
}

/** A row as `rowsSql` reads it: the field, its JSON or null if there is no such row, the blobs. */
export type MirrorRow = readonly [field: string, json: string | null, ...blobs: (Uint8Array | null)[]];

/** Made anew from the others when they are read. */
const DERIVED: ReadonlySet<string> = new Set(['value_primes', 'unindexed_values']);

/** The tables of `db`, which are of the version `schema`, but for derived ones. */
export function mirroredTables(db: DatabaseSync, schema: number): MirroredTable[] {
  const names = prepare<readonly [string]>(
    db,
    `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
  );
  return names
    .all()
    .filter(([name]) => !DERIVED.has(name))
    .map(([name]) => describe(db, name, schema));
}

type ColumnInfo = readonly [
  id: number,
  name: string,
  type: string,
  notNull: number,
  fallback: unknown,
  key: number,
];

function describe(db: DatabaseSync, name: string, schema: number): MirroredTable {
  const infos = prepare<ColumnInfo>(db, `PRAGMA main.table_info(${name})`).all();
  return {
    name,
    key: tableKey(schema, name),
    columns: infos.map(([, column]) => column),
    keyColumns: infos
      .filter(([, , , , , key]) => key > 0)
      .toSorted((a, b) => a[5] - b[5])
      .map(([, column]) => column),
    blobs: infos.filter(([, , type]) => type === 'BLOB').map(([id]) => id),
  };
}

function tableKey(schema: number, table: string): string {
  return `${PREFIX}${schema}:${table}`;
}

/** What is selected for a `MirrorRow`; `key` names the source of the primary key, `t` is the table. */
export function rowColumns({ columns, keyColumns, blobs }: MirroredTable, key: string): string {
  const keys = keyColumns.map((column) => `${key}.${column}`);
  const field = keys.length === 1 ? `CAST(${keys[0]} AS TEXT)` : `json_array(${keys.join(', ')})`;
  const values = columns.map((column, i) => (blobs.includes(i) ? `length(t.${column})` : `t.${column}`));
  const json = `CASE WHEN t.${keyColumns[0]} IS NOT NULL THEN json_array(${values.join(', ')}) END`;
  return [field, json, ...blobs.map((i) => `t.${columns[i]}`)].join(', ');
}

/** The value of a row's field. */
export function encodeRow(json: string, blobs: readonly (Uint8Array | null)[]): string | Buffer {
  const text = json.replace(NULLS_AT_END, ']');
  if (blobs.length === 0) return text;
  return Buffer.concat([Buffer.from(`${text}\n`), ...blobs.filter((blob) => blob !== null)]);
}

const NULLS_AT_END = /(?:,null)+\]$/;
const LINE_FEED = 10;

/** The columns of a row, from the value of its field. */
export function decodeRow({ columns, blobs }: MirroredTable, value: string | Buffer): SQLInputValue[] {
  const end = typeof value === 'string' ? -1 : value.indexOf(LINE_FEED);
  const text = end === -1 ? value.toString() : value.toString('utf8', 0, end);
  const row = JSON.parse(text) as SQLInputValue[];
  while (row.length < columns.length) row.push(null);
  let at = end + 1;
  for (const i of blobs) {
    const length = row[i];
    if (typeof length !== 'number') continue;
    row[i] = (value as Buffer).subarray(at, at + length);
    at += length;
  }
  return row;
}

/** Writes a row that `decodeRow` gave. */
export function insertRow(db: DatabaseSync, { name, columns }: MirroredTable): Statement<never> {
  return prepare(db, `INSERT OR REPLACE INTO ${name} VALUES (${columns.map(() => '?').join(', ')})`);
}
