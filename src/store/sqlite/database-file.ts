/**
 * The file of the embedded store: opening it, and the log of writes beside it (WAL).
 *
 * Invariants:
 *   S2. `commit` returns after fsync: WAL with synchronous=FULL.
 *   S3. The WAL is written back once it has `walBytesMax / 2`, outside of any commit, so that it stays about as large as that; its
 *       file is kept for reuse, which leaves room to write even when the disk has none.
 */
import { errorMessage } from '../../base/error-message.ts';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store.ts';
import { Database, PAGE_BYTES } from './database.ts';
import { migrate } from './schema.ts';
import { makePrivateFile } from './private-file.ts';
import { storeErrorCode } from './sqlite-error.ts';
import { prepare, type Statement } from './statement.ts';

const WAL_BYTES_MAX = 32 * 2 ** 20;
/** A larger one gains nothing: what it misses is in the system's cache. */
const CACHE_BYTES = 8 * 2 ** 20;
const BUSY_WAIT_MS = 5_000;

export interface DatabaseFileOptions {
  /** An existing folder. */
  readonly dataDir: string;
  /** Most bytes of the database and its WAL. */
  readonly bytesMax: number;
}

export class DatabaseFile implements Disposable {
  readonly database: Database;
  readonly file: string;
  readonly walBytesMax: number;
  readonly #walSize: Statement<WalState>;
  readonly #writeBack: Statement<WalState>;
  #writeBackAtPages: number;

  /** Throws a StoreError: `broken` if the file can't be used, `version` if it is from a newer program, `full`. */
  constructor({ dataDir, bytesMax }: DatabaseFileOptions) {
    this.file = path.join(dataDir, 'fairsieve.db');
    const { blocks, bsize } = fs.statfsSync(dataDir);
    this.walBytesMax = Math.min(WAL_BYTES_MAX, Math.floor(Math.min(bytesMax, blocks * bsize) / 16));
    this.#writeBackAtPages = this.#writeBackPages;
    try {
      // The files beside it take over its mode.
      makePrivateFile(this.file);
      const db = new DatabaseSync(this.file, { timeout: BUSY_WAIT_MS });
      db.exec(`
        PRAGMA page_size = ${PAGE_BYTES};
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 0;
        PRAGMA journal_size_limit = ${this.walBytesMax};
        PRAGMA cache_size = ${-CACHE_BYTES / 1024};
        PRAGMA temp_store = MEMORY;
      `);
      const pagesMax = Math.floor((bytesMax - this.walBytesMax) / PAGE_BYTES);
      db.exec(`PRAGMA max_page_count = ${Math.min(pagesMax, 0xfffffffe)}`);
      migrate(db, this.file);
      this.#walSize = prepare(db, 'PRAGMA wal_checkpoint(NOOP)');
      this.#writeBack = prepare(db, 'PRAGMA wal_checkpoint(PASSIVE)');
      this.database = new Database(db);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      const code = storeErrorCode(error, dataDir) ?? 'broken';
      throw new StoreError(code, `Cannot open ${this.file}: ${errorMessage(error)}`, error);
    }
  }

  /** Writes the WAL back if it has grown to its bound. Called between commits. */
  boundWal(): void {
    const pages = this.#walSize.get()?.[1] ?? 0;
    if (pages < this.#writeBackAtPages) return;
    this.writeBack();
  }

  /** Copies the WAL into the database, as far as readers outside allow and the disk has room; then it is written from its beginning. */
  writeBack(): void {
    try {
      const [, pages, done] = this.#writeBack.get() ?? [0, 0, 0];
      // A reader that holds it up is not asked again at every commit.
      this.#writeBackAtPages = this.#writeBackPages + (done < pages ? pages : 0);
    } catch (error) {
      // The WAL stays as it is, nothing is lost; that there is no room is noticed where it matters.
      if (storeErrorCode(error, path.dirname(this.file)) !== 'full') throw error;
    }
  }

  get #writeBackPages(): number {
    return Math.floor(this.walBytesMax / 2 / PAGE_BYTES);
  }

  [Symbol.dispose](): void {
    this.database[Symbol.dispose]();
  }
}

type WalState = readonly [busy: number, pages: number, written: number];
