import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Database } from './database.ts';
import { migrate } from './schema.ts';
import { prepare } from './statement.ts';
import { ValueIndex } from './value-index.ts';
import { valueSheet } from './value-sheet.ts';

/** A gathering is full after so many entries: several are moved in a test. */
const GATHERED = 3_000;

/** A file with values, each of a prime beyond 1,000 and one of the smallest. */
class Scene {
  readonly #file: string;
  readonly #kept = new Map<number, readonly [number, number]>();
  database: Database;
  index: ValueIndex;

  constructor(t: TestContext) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-index-'));
    t.after(() => {
      this.database[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    });
    this.#file = path.join(folder, 'values.db');
    [this.database, this.index] = this.#open();
  }

  #open(): [Database, ValueIndex] {
    const db = new DatabaseSync(this.#file);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY;');
    migrate(db, this.#file);
    const database = new Database(db);
    return [database, new ValueIndex(database, GATHERED)];
  }

  /** As after a crash: nothing that was only in memory is left. */
  reopen(): void {
    this.database[Symbol.dispose]();
    [this.database, this.index] = this.#open();
  }

  /** Values `from` to `to`, in one commit. */
  put(from: number, to: number): void {
    this.database.transaction(() => this.#write(from, to));
    for (let i = from; i < to; i++) this.#kept.set(...valueOf(i));
  }

  putInVain(from: number, to: number): void {
    const fault = new Error('no room');
    assert.throws(
      () =>
        this.database.transaction(() => {
          this.#write(from, to);
          throw fault;
        }),
      fault,
    );
  }

  remove(i: number): void {
    const [number, primes] = valueOf(i);
    this.database.transaction(() => {
      this.database.db.prepare('DELETE FROM stored_values WHERE number = ?').run(String(number));
      this.index.remove('', String(number), primes.join(' '));
    });
    this.#kept.delete(number);
  }

  /** What is found by each prime, page by page, is what there is. */
  assertFound(): void {
    const expected = Map.groupBy(
      [...this.#kept].flatMap(([number, primes]) => primes.map((prime) => [prime, number] as const)),
      ([prime]) => prime,
    );
    for (const prime of [...SMALL, 4, 1_009, 1_013, 9_973]) {
      const numbers = (expected.get(prime) ?? []).map(([, number]) => number).toSorted((a, b) => a - b);
      assert.deepEqual(this.#found(prime), numbers, `the values of ${prime}`);
    }
  }

  count(table: string): number {
    return this.#sum('count(*)', table);
  }

  /** Digits of the numbers whose entries are in memory. */
  get gatheredDigits(): number {
    const digits = 'coalesce(sum(length(number)), 0)';
    return this.#sum(digits, 'temp.gathered_primes_a') + this.#sum(digits, 'temp.gathered_primes_b');
  }

  #sum(expression: string, table: string): number {
    const sql = `SELECT ${expression} FROM ${table}`;
    return prepare<readonly [number]>(this.database.db, sql).get()?.[0] ?? 0;
  }

  #found(prime: number): number[] {
    const page = prepare<readonly [number]>(this.database.db, this.index.numbersOfPrime);
    const found: number[] = [];
    for (let rows = page.all('', prime, -1, 100); rows.length > 0;) {
      for (const [number] of rows) found.push(number);
      rows = page.all('', prime, found.at(-1) ?? 0, 100);
    }
    return found;
  }

  #write(from: number, to: number): void {
    const insert = this.database.db.prepare('INSERT INTO stored_values VALUES (?, ?, ?, NULL, 1)');
    const written: [string, string][] = [];
    for (let i = from; i < to; i++) {
      const [number, primes] = valueOf(i);
      insert.run('', String(number), primes.join(' '));
      written.push([String(number), primes.join(' ')]);
    }
    this.index.addSheet('', valueSheet(written));
  }
}

const SMALL = [2, 3, 5, 7] as const;

/** Distinct, and in no order; not all of the large ones are prime, which the index does not look at. */
function valueOf(i: number): readonly [number: number, primes: readonly [number, number]] {
  const small = SMALL[i % SMALL.length] ?? 2;
  const large = 1_001 + 2 * ((i * 7_919) % 100_003);
  return [small * large, [small, large]];
}

test('what is gathered, being moved, or moved is found by its primes, each value once, ascending', (t) => {
  const scene = new Scene(t);
  for (let i = 0; i < 12_000; i += 500) {
    scene.put(i, i + 500);
    scene.assertFound();
  }
  const gathered = scene.count('temp.gathered_primes_a') + scene.count('temp.gathered_primes_b');
  assert.ok(gathered > 0 && gathered <= 2 * GATHERED, `${gathered} entries are in memory`);
  const noted = scene.count('unindexed_values');
  assert.ok(noted >= gathered / 2 && noted <= GATHERED, `${noted} values are noted`);
});

test('entries of long numbers fill a gathering sooner: the memory that they take is bounded', (t) => {
  const scene = new Scene(t);
  // Each has as many primes as a number of so many digits can have, about.
  const factors = Array.from({ length: 300 }, (_, i) => 2 + i).join(' ');
  for (let i = 0; i < 15; i++) {
    const number = String(10n ** 999n + BigInt(i));
    scene.database.transaction(() => scene.index.addSheet('', valueSheet([[number, factors]])));
    assert.ok(scene.gatheredDigits < 800_000, `${scene.gatheredDigits} digits after ${i + 1} numbers`);
  }
});

test('a crash loses no entry, at whatever moment', (t) => {
  const scene = new Scene(t);
  for (let i = 0; i < 8_000; i += 400) {
    scene.put(i, i + 400);
    if (i % 1_200 === 0) scene.reopen();
    if (i % 2_000 === 0) scene.assertFound();
  }
  scene.reopen();
  scene.assertFound();
});

test('a commit that fails leaves neither entries nor gaps, also where it began or ended a move', (t) => {
  const scene = new Scene(t);
  for (let i = 0; i < 9_000; i += 300) {
    scene.putInVain(i, i + 300);
    scene.put(i, i + 300);
    if (i % 900 === 0) scene.assertFound();
  }
  scene.reopen();
  scene.assertFound();
});

test('what is removed is found nowhere, wherever its entries were', (t) => {
  const scene = new Scene(t);
  for (let i = 0; i < 6_000; i += 200) {
    scene.put(i, i + 200);
    for (let j = i % 7; j < i; j += 97) scene.remove(j);
    if (i % 1_000 === 0) scene.reopen();
  }
  scene.assertFound();
});

test('a database in memory has its entries at once, and nothing noted', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db, 'memory');
  using database = new Database(db);
  new ValueIndex(database).addSheet('', valueSheet([['15', '3 5']]));
  assert.equal(db.prepare('SELECT count(*) AS n FROM value_primes').get()?.['n'], 2);
  assert.equal(db.prepare('SELECT count(*) AS n FROM unindexed_values').get()?.['n'], 0);
});
