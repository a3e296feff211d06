/** How large the files of the embedded store may become: by their bound, and by what the disk has left. */
import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseFile } from './database-file.ts';
import type { Extent } from './room.ts';

/** Asks the disk. `bytesMax`: most bytes of the database and its WAL. */
export function fileExtent({ file, walBytesMax }: DatabaseFile, bytesMax: number): Extent {
  const { bsize, blocks, bavail } = fs.statfsSync(path.dirname(file));
  const walBytes = fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  // What the WAL may still grow by, up to its bound, is spoken for; so is what it will add to the file when it is written back.
  const byDisk = fs.statSync(file).size + bavail * bsize - Math.max(0, walBytesMax - walBytes);
  return {
    bytesEnd: Math.min(byDisk, bytesMax - walBytesMax),
    size: Math.min(bytesMax, blocks * bsize),
  };
}
