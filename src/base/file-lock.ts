/**
 * One process at a time: whoever holds an exclusive lock on a file made for that. The operating system frees the lock when its
 * process ends, however it ends, so none is ever left behind; the file stays, empty. SQLite takes the lock, since Node has no call
 * for it.
 */
import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's result code for a lock that another holds. */
const SQLITE_BUSY = 5;

/**
 * Takes the lock, waiting at most `waitMs` for it (this blocks the thread); dispose to release it. Undefined if another still has
 * it then. `file`, in a folder that exists, must be used for nothing else: closing it anywhere in this process would free the lock
 * (POSIX).
 */
export function takeFileLock(file: string, waitMs: number): Disposable | undefined {
  // By itself SQLite would make a file that others can read, and thereby lock.
  if (!fs.existsSync(file)) fs.closeSync(fs.openSync(file, 'a', 0o600));
  const lock = new DatabaseSync(file, { timeout: waitMs });
  try {
    // Nothing is ever written to it, so it needs no journal beside it.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => lock.close() };
}
