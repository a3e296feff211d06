/**
 * One process owns a data folder: whoever holds an exclusive lock on `owner.lock` in it. The operating system frees the lock
 * when the process ends, however it ends. A file of its own, so that other programs can still read the database (backups).
 */
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorMessage } from '../../base/error-message.ts';
import { StoreError } from '../store.ts';
import { makePrivateFile } from './private-file.ts';
import { isBusy } from './sqlite-error.ts';

/** Takes the lock on `dataDir`, which must exist; dispose to release it. Throws a StoreError `owned` at once if another has it. */
export function takeOwnerLock(dataDir: string): Disposable {
  const file = path.join(dataDir, 'owner.lock');
  try {
    makePrivateFile(file);
  } catch (error) {
    throw new StoreError(
      'broken',
      `Cannot use the data folder ${path.resolve(dataDir)}: ${errorMessage(error)}`,
      error,
    );
  }
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    // Nothing is ever written to it, so it needs no journal beside it.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new StoreError(
      'owned',
      `Cannot use the data folder ${path.resolve(dataDir)}: another process is using it`,
      error,
    );
  }
  return { [Symbol.dispose]: () => lock.close() };
}
