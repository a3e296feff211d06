/**
 * The tables of a replica's database in a private SQLite database, which the process works with and which ends with it: read from Redis
 * once, when the database is claimed.
 *
 * Tables of an older version are read as they are, brought up to date here, and written to Redis under the names of the new version; as
 * one step, the lease then names the new one and the old tables go. Cut off before that, it begins again from the old ones.
 */
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Database, PAGE_BYTES } from '../sqlite/database.ts';
import { migrate, MIGRATIONS } from '../sqlite/schema.ts';
import { ValueRows, type ValueKey } from '../sqlite/value-rows.ts';
import type { Claim } from './claim.ts';
import { CHANGE_SCHEMA, DROP_TABLES } from './commit-script.ts';
import type { Committer } from './committer.ts';
import type { Lease } from './lease.ts';
import { takeUpSequences } from './kept-sequences.ts';
import { FORGET_SEQUENCES, LEASE_KEY } from './lease-scripts.ts';
import { everything, Mirror } from './mirror.ts';
import { decodeRow, insertRow, mirroredTables, type MirroredTable } from './mirrored-table.ts';

export interface WorkingCopy {
  readonly database: Database;
  readonly mirror: Mirror;
}

/** Beyond this it goes to a temporary file. */
const CACHE_BYTES = 64 * 2 ** 20;
/** Rows that are asked of Redis at once, and written to it. */
const PAGE_ROWS = 500;

/** Rejects with a StoreError: `version` if a newer program wrote the database, `full`, `lost`. */
export async function openWorkingCopy(
  claim: Claim,
  lease: Lease,
  committer: Committer,
): Promise<WorkingCopy> {
  const { schema } = claim;
  const db = openTemporary();
  const place = `database ${claim.database} of Redis`;
  migrate(db, place, MIGRATIONS.slice(0, schema));
  const tables = mirroredTables(db, schema);
  for (const table of tables) {
    await readTable(db, claim, table);
  }
  if (schema < MIGRATIONS.length) {
    migrate(db, place);
    await moveTables({ db, claim, lease, committer, before: tables });
  }
  const database = new Database(db);
  await indexValues(database);
  const copy = { database, mirror: new Mirror(db, MIGRATIONS.length) };
  await takeUpKept(copy, claim, lease, committer);
  return copy;
}

/** Private to this connection, in memory and then in a file that nobody else can open; nothing of it is synced. */
function openTemporary(): DatabaseSync {
  const db = new DatabaseSync('');
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA journal_mode = MEMORY;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = ${-CACHE_BYTES / 1024};
    PRAGMA temp_store = MEMORY;
  `);
  return db;
}

async function readTable(db: DatabaseSync, { link }: Claim, table: MirroredTable): Promise<void> {
  const insert = insertRow(db, table);
  let cursor = '0';
  do {
    const command = ['HSCAN', table.key, cursor, 'COUNT', String(PAGE_ROWS)];
    const reply = await link.persist(() => link.sendForBytes(command));
    const [next, fields] = reply as [Buffer, Buffer[]];
    db.exec('BEGIN');
    for (let i = 1; i < fields.length; i += 2) insert.run(...decodeRow(table, fields[i] as Buffer));
    db.exec('COMMIT');
    cursor = next.toString();
  } while (cursor !== '0');
}

/** What the lease of an emptied database kept goes into its table. */
async function takeUpKept(
  { database, mirror }: WorkingCopy,
  { link }: Claim,
  lease: Lease,
  committer: Committer,
): Promise<void> {
  const kept = await link.persist(() => link.send(['HGET', LEASE_KEY, 'sequences']));
  if (kept === null) return;
  database.begin();
  takeUpSequences(database.db, String(kept));
  const changes = mirror.changes();
  if (changes) await committer.commit(changes);
  database.commit();
  lease.check(await link.persist(() => link.run(FORGET_SEQUENCES, [LEASE_KEY], lease.proof)));
}

/** A page at a time, so that the lease is renewed between. */
async function indexValues(database: Database): Promise<void> {
  const rows = new ValueRows(database);
  for (let last: ValueKey | undefined = ['', '']; last;) {
    const after: ValueKey = last;
    last = database.transaction(() => rows.indexAfter(after, PAGE_ROWS));
    await nextTurn();
  }
}

interface Move {
  readonly db: DatabaseSync;
  readonly claim: Claim;
  readonly lease: Lease;
  readonly committer: Committer;
  readonly before: readonly MirroredTable[];
}

async function moveTables({ db, claim: { link }, lease, committer, before }: Move): Promise<void> {
  const schema = MIGRATIONS.length;
  const tables = mirroredTables(db, schema);
  const keysOf = (of: readonly MirroredTable[]): string[] => [LEASE_KEY, ...of.map(({ key }) => key)];
  lease.check(await link.persist(() => link.run(DROP_TABLES, keysOf(tables), lease.proof)));
  for (const changes of everything(db, tables, PAGE_ROWS)) {
    await committer.commit(changes);
  }
  const command = [...lease.proof, String(schema)];
  lease.check(await link.persist(() => link.run(CHANGE_SCHEMA, keysOf(before), command)));
}
