/** The folder that the store's files lie in. */
import fs from 'node:fs';
import path from 'node:path';
import { errorMessage } from '../../base/error-message.ts';
import { StoreError } from '../store.ts';

/**
 * Makes `dataDir` and what is missing above it, readable by its owner only, durably: the entry of each new folder in its parent is
 * on disk. Does nothing if it is there. Throws a StoreError `broken`.
 */
export function makeDataFolder(dataDir: string): void {
  const folder = path.resolve(dataDir);
  try {
    makeFolder(folder);
  } catch (error) {
    throw new StoreError('broken', `Cannot make the data folder ${folder}: ${errorMessage(error)}`, error);
  }
}

/** Step by step, since `mkdir` with `recursive` never returns where a folder that exists takes no new ones, as /proc. */
function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error(`there is no ${folder}`);
  makeFolder(parent);
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (isFolder(folder)) return;
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`${folder} is a link that leads nowhere`, { cause: error });
  }
  if (process.platform !== 'win32') syncFolder(parent);
}

function isFolder(file: string): boolean {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats?.isDirectory() === false) throw new Error(`${file} is not a folder`);
  return stats !== undefined;
}

function syncFolder(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
