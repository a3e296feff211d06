/**
 * What of the working copy has changed, as a commit for Redis.
 *
 * Triggers note the primary key of each row that is written, in temporary tables: what is rolled back is forgotten with them.
 *
 * Invariants:
 *   M1. After a commit each hash has the rows of its table, no more and no less.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare, type Statement } from '../sqlite/statement.ts';
import {
  encodeRow,
  mirroredTables,
  rowColumns,
  type MirroredTable,
  type MirrorRow,
} from './mirrored-table.ts';

/** As `COMMIT` takes them. */
export interface Changes {
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
}

interface Watched {
  readonly table: MirroredTable;
  readonly changed: Statement<MirrorRow>;
  readonly forget: Statement<never>;
}

export class Mirror {
  readonly tables: readonly MirroredTable[];
  readonly #watched: readonly Watched[];

  /** From now on every change in `db` is noted. `schema`: the version of its tables. */
  constructor(db: DatabaseSync, schema: number) {
    this.tables = mirroredTables(db, schema);
    // A row that is replaced is deleted; its triggers run only if this is set.
    db.exec('PRAGMA recursive_triggers = ON');
    this.#watched = this.tables.map((table) => watch(db, table));
  }

  /** What has changed in this transaction; undefined if nothing has. To be called once in each, before it is committed. */
  changes(): Changes | undefined {
    const keys: string[] = [];
    const args: (string | Buffer)[] = [];
    for (const { table, changed, forget } of this.#watched) {
      const rows = changed.all();
      if (rows.length === 0) continue;
      forget.run();
      keys.push(table.key);
      pushRows(args, rows);
    }
    return keys.length === 0 ? undefined : { keys, args };
  }
}

/** Everything in `db`, in commits of `rowsMax` rows each. Nothing may be written meanwhile. */
export function* everything(
  db: DatabaseSync,
  tables: readonly MirroredTable[],
  rowsMax: number,
): Generator<Changes> {
  for (const table of tables) {
    const select = db.prepare(`SELECT ${rowColumns(table, 't')} FROM ${table.name} t`);
    select.setReturnArrays(true);
    let rows: MirrorRow[] = [];
    for (const row of select.iterate()) {
      rows.push(row as unknown as MirrorRow);
      if (rows.length < rowsMax) continue;
      yield asChanges(table, rows);
      rows = [];
    }
    if (rows.length > 0) yield asChanges(table, rows);
  }
}

function asChanges({ key }: MirroredTable, rows: readonly MirrorRow[]): Changes {
  const args: (string | Buffer)[] = [];
  pushRows(args, rows);
  return { keys: [key], args };
}

/** The part of a hash in the arguments of `COMMIT`: how many fields go, how many values follow, and these. */
function pushRows(args: (string | Buffer)[], rows: readonly MirrorRow[]): void {
  const gone: string[] = [];
  const set: (string | Buffer)[] = [];
  for (const [field, json, ...blobs] of rows) {
    if (json === null) gone.push(field);
    else set.push(field, encodeRow(json, blobs));
  }
  args.push(String(gone.length), String(set.length), ...gone, ...set);
}

function watch(db: DatabaseSync, table: MirroredTable): Watched {
  const { name, keyColumns } = table;
  const noted = `changed_${name}`;
  const keys = keyColumns.join(', ');
  const note = (row: 'NEW' | 'OLD'): string =>
    `INSERT INTO ${noted} VALUES (${keyColumns.map((column) => `${row}.${column}`).join(', ')});`;
  // Not unique: what a trigger does about conflicts is decided by the statement that it runs for.
  db.exec(`
    CREATE TEMP TABLE ${noted} (${keys});
    CREATE TEMP TRIGGER ${name}_inserted AFTER INSERT ON main.${name} BEGIN ${note('NEW')} END;
    CREATE TEMP TRIGGER ${name}_updated AFTER UPDATE ON main.${name} BEGIN ${note('NEW')} END;
    CREATE TEMP TRIGGER ${name}_renamed AFTER UPDATE OF ${keys} ON main.${name} BEGIN ${note('OLD')} END;
    CREATE TEMP TRIGGER ${name}_deleted AFTER DELETE ON main.${name} BEGIN ${note('OLD')} END;`);
  const join = keyColumns.map((column) => `t.${column} = c.${column}`).join(' AND ');
  return {
    table,
    changed: prepare(
      db,
      `SELECT ${rowColumns(table, 'c')}
       FROM (SELECT DISTINCT ${keys} FROM temp.${noted}) c LEFT JOIN main.${name} t ON ${join}`,
    ),
    forget: prepare(db, `DELETE FROM temp.${noted}`),
  };
}
