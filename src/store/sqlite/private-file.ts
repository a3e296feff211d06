/** Files that only their owner may read. */
import fs from 'node:fs';

/**
 * Makes an empty file if there is none, for SQLite to use: by itself it would make one that others can read. A file that exists is
 * not even opened, since closing it would free every lock that this process has on it (POSIX).
 */
export function makePrivateFile(file: string): void {
  if (!fs.existsSync(file)) fs.closeSync(fs.openSync(file, 'a', 0o600));
}
