/** What SQLite's errors mean for us. Codes: https://www.sqlite.org/rescode.html */
import fs from 'node:fs';
import path from 'node:path';
import type { StoreErrorCode } from '../store.ts';

const ERROR = 1;
const BUSY = 5;
const FULL = 13;
const CONSTRAINT = 19;
const MISMATCH = 20;
const RANGE = 25;
const IOERR_WRITE = 778;
const IOERR_FSYNC = 1034;
const IOERR_SHMSIZE = 4874;
const CALL_AT_FAULT: ReadonlySet<number> = new Set([ERROR, CONSTRAINT, MISMATCH, RANGE]);

/** The extended result code of an error that SQLite threw; undefined for any other. */
function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode);
}

export function isBusy(error: unknown): boolean {
  return ((codeOf(error) ?? 0) & 0xff) === BUSY;
}

/** After a failed fsync nobody knows what is on disk, and a second try may lie: the connection must not be used any more. */
export function isFatal(error: unknown): boolean {
  return codeOf(error) === IOERR_FSYNC;
}

/**
 * `full` if there was no room in `dataDir`, `broken` if the database cannot be used, undefined if the call itself was at fault
 * (a row that breaks a constraint, a bug): then it is no `StoreError`.
 */
export function storeErrorCode(error: unknown, dataDir: string): StoreErrorCode | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const primary = code & 0xff;
  if (primary === FULL || code === IOERR_SHMSIZE) return 'full';
  // A quota that is used up comes as a failed write, as a dying disk does.
  if (code === IOERR_WRITE && !canWrite(dataDir)) return 'full';
  return CALL_AT_FAULT.has(primary) ? undefined : 'broken';
}

/** False if a file of a few pages in `dataDir` is refused for want of room. */
function canWrite(dataDir: string): boolean {
  const probe = path.join(dataDir, 'room.probe');
  try {
    fs.writeFileSync(probe, new Uint8Array(65_536));
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code !== 'ENOSPC' && code !== 'EDQUOT';
  } finally {
    fs.rmSync(probe, { force: true });
  }
}
