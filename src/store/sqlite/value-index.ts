/**
 * The index of values by their primes, in the worker: an entry (scope, prime, number) for each prime of each value.
 *
 * New entries lie all over the index, so that each would cost a page of the log of writes, and one more when that is written back. So they
 * are gathered in memory, and a full gathering is moved in the order of the index, many entries to a page, some with each value that comes
 * after it. The numbers of values whose entries are in memory alone are on disk, in order of arrival, so that a crash loses none. A database
 * that is in memory itself, or a temporary file, has no such log, and gets its entries at once.
 *
 * Primes and numbers are size keys. Invariants:
 *   I1. Each entry is in `value_primes` or in a gathering, while it is moved perhaps in both, and nowhere else.
 *   I2. A value whose entries are not all in `value_primes` has its number in `unindexed_values`.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Database } from './database.ts';
import { sizeKey, sqlSizeKey } from './size-key.ts';
import { limitTo, prepare, type Statement } from './statement.ts';
import { valueSheet, type ValueSheet } from './value-sheet.ts';

type SizeKey = bigint | string;
type EntryKey = readonly [scope: string, prime: SizeKey, number: SizeKey];

/** What a full gathering holds in entries of a word, at some 40 bytes of memory each; one of longer numbers counts for more. */
const GATHERED_MAX = 131_072;
const WORD_ENTRY_BYTES = 40;
/** Entries that are moved at once, for half as much that is new: so one gathering is moved before the next is full. */
const MOVED_AT_ONCE = 1_024;
const NEW_FOR_MOVED = MOVED_AT_ONCE / 2;
/** Before all others. */
const FIRST_KEY: EntryKey = ['', -1n, -1n];

const INDEX = 'main.value_primes';
/** The two gatherings: one takes what comes, the other one is moved. */
const GATHERINGS = ['temp.gathered_primes_a', 'temp.gathered_primes_b'] as const;
const TABLES = [INDEX, ...GATHERINGS] as const;

/** A gathering that is being moved. */
interface Move {
  /** So far it is done. */
  readonly after: EntryKey;
  /** Up to this one, what is noted of values is over once it is done. */
  readonly lastNoted: number;
}

export class ValueIndex {
  readonly #db: DatabaseSync;
  readonly #gathers: boolean;
  readonly #gatheredMax: number;
  /** By table. */
  readonly #inserts: ReadonlyMap<string, Statement<never>>;
  readonly #deletes: readonly Statement<never>[];
  readonly #gatherings: readonly Gathering[];
  readonly #note: Statement<never>;
  readonly #forget: Statement<never>;
  readonly #lastNoted: Statement<readonly [id: number]>;
  /** Which gathering takes what comes. */
  #filling: 0 | 1 = 0;
  /** How full it is: see `GATHERED_MAX`. */
  #filled = 0;
  /** Of the other one; undefined: it is empty. */
  #move: Move | undefined;
  /** What came, counted likewise, and has had nothing moved for it yet. */
  #sinceMoved = 0;

  /** `gatheredMax`: see `GATHERED_MAX`. */
  constructor({ db, onRollBack }: Pick<Database, 'db' | 'onRollBack'>, gatheredMax = GATHERED_MAX) {
    this.#db = db;
    this.#gathers = db.location() !== null;
    this.#gatheredMax = gatheredMax;
    this.#gatherings = GATHERINGS.map((table) => gathering(db, table));
    this.#deletes = TABLES.map((table) =>
      prepare(db, `DELETE FROM ${table} WHERE scope = ? AND prime = ? AND number = ?`),
    );
    this.#inserts = new Map(TABLES.map((table) => [table, prepare(db, insertSheet(table))]));
    this.#note = prepare(
      db,
      `INSERT INTO unindexed_values (scope, number) SELECT ?, key FROM json_each(?) WHERE value <> ''`,
    );
    this.#forget = prepare(db, 'DELETE FROM unindexed_values WHERE id <= ?');
    this.#lastNoted = prepare(db, 'SELECT coalesce(max(id), 0) FROM unindexed_values');
    if (this.#gathers) this.#gatherNoted();
    onRollBack(() => this.#lookAgain());
  }

  /**
   * A query for the size keys `number` of the values with a prime, ascending, each once: of ?1, the scope, ?2, the prime, above ?3, at
   * most ?4.
   */
  get numbersOfPrime(): string {
    const tables = this.#gathers ? TABLES : [INDEX];
    const each = tables.map(
      (table) => `SELECT number FROM ${table} WHERE scope = ?1 AND prime = ?2 AND number > ?3`,
    );
    return `${each.join(' UNION ')} ORDER BY number ${limitTo('?4')}`;
  }

  /** Makes the entries of values that had none. */
  addSheet(scope: string, { factors, primes }: ValueSheet): void {
    if (!this.#gathers) {
      this.#insertInto(INDEX, scope, primes);
      return;
    }
    const entries = this.#insertInto(GATHERINGS[this.#filling], scope, primes);
    this.#note.run(scope, factors);
    const size = sizeOf(entries, primes);
    this.#filled += size;
    this.#sinceMoved += size;
    while (this.#move && this.#sinceMoved >= NEW_FOR_MOVED) this.#moveSome(this.#move);
    if (!this.#move && this.#filled >= this.#gatheredMax) this.#beginMove();
  }

  /** Deletes the entries of a value. */
  remove(scope: string, number: string, factors: string): void {
    const key = sizeKey(number);
    for (const prime of primeKeys(factors)) for (const entry of this.#deletes) entry.run(scope, prime, key);
  }

  /** Returns how many entries are new. */
  #insertInto(table: string, scope: string, primes: string): number {
    return this.#inserts.get(table)?.run(scope, primes) ?? 0;
  }

  #beginMove(): void {
    this.#move = { after: FIRST_KEY, lastNoted: this.#lastNoted.get()?.[0] ?? 0 };
    this.#filling = this.#filling === 0 ? 1 : 0;
    this.#filled = 0;
    this.#sinceMoved = 0;
  }

  #moveSome({ after, lastNoted }: Move): void {
    this.#sinceMoved -= NEW_FOR_MOVED;
    const { end, move, moveRest, clear } = this.#gatherings[1 - this.#filling] as Gathering;
    const to = end.get(...after);
    if (to) {
      move.run(...after, ...to);
      this.#move = { after: to, lastNoted };
      return;
    }
    moveRest.run(...after);
    clear.run();
    this.#forget.run(lastNoted);
    this.#move = undefined;
  }

  /** A transaction was taken back, and what it did to gatherings with it. What is noted is over with a later move than this one. */
  #lookAgain(): void {
    const size = (i: number): number => this.#gatherings[i]?.size.get()?.[0] ?? 0;
    this.#filled = size(this.#filling);
    this.#move = size(1 - this.#filling) > 0 ? { after: FIRST_KEY, lastNoted: 0 } : undefined;
  }

  /** After a crash, or where it ended before all was moved. */
  #gatherNoted(): void {
    const noted = prepare<readonly [scope: string, number: string, factors: string]>(
      this.#db,
      'SELECT scope, number, factors FROM unindexed_values JOIN stored_values USING (scope, number)',
    );
    for (const [scope, number, factors] of noted.iterate()) {
      const { primes } = valueSheet([[number, factors]]);
      this.#filled += sizeOf(this.#insertInto(GATHERINGS[0], scope, primes), primes);
    }
  }
}

interface Gathering {
  readonly size: Statement<readonly [number]>;
  /** The last of the next `MOVED_AT_ONCE` entries after one; undefined: there are fewer. */
  readonly end: Statement<EntryKey>;
  /** From after the one entry up to the other. */
  readonly move: Statement<never>;
  readonly moveRest: Statement<never>;
  readonly clear: Statement<never>;
}

function gathering(db: DatabaseSync, table: string): Gathering {
  db.exec(
    `CREATE TABLE IF NOT EXISTS ${table} (scope TEXT NOT NULL, prime ANY NOT NULL, number ANY NOT NULL,
       PRIMARY KEY (scope, prime, number)) STRICT, WITHOUT ROWID`,
  );
  const key = '(scope, prime, number)';
  const after = `FROM ${table} WHERE ${key} > (?, ?, ?)`;
  const move = `INSERT OR IGNORE INTO ${INDEX} SELECT scope, prime, number ${after}`;
  const inOrder = 'ORDER BY scope, prime, number';
  return {
    size: prepare(db, `SELECT coalesce(sum(max(1, length(number) / ${WORD_ENTRY_BYTES})), 0) FROM ${table}`),
    end: prepare(db, `SELECT scope, prime, number ${after} ${inOrder} LIMIT 1 OFFSET ${MOVED_AT_ONCE - 1}`, {
      bigInts: true,
    }),
    move: prepare(db, `${move} AND ${key} <= (?, ?, ?) ${inOrder}`),
    moveRest: prepare(db, `${move} ${inOrder}`),
    clear: prepare(db, `DELETE FROM ${table}`),
  };
}

/** What entries count for in a gathering: those of long numbers, by their text, for more than one each. */
function sizeOf(entries: number, primes: string): number {
  return Math.max(entries, Math.floor(primes.length / WORD_ENTRY_BYTES));
}

/** Of one scope: the `primes` of a sheet. */
function insertSheet(table: string): string {
  return `INSERT OR IGNORE INTO ${table} SELECT ?, ${sqlSizeKey('key')}, ${sqlSizeKey('value')} FROM json_each(?)`;
}

/** The size keys of the primes in a text of `formatFactors`. */
function primeKeys(factors: string): SizeKey[] {
  if (factors === '') return [];
  return factors.split(' ').map((factor) => sizeKey(factor.replace(/\D.*/, '')));
}
