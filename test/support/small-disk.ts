/** A disk of a few MiB that can be filled to the last byte: a tmpfs, which only root on Linux can make. */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export class SmallDisk implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Undefined where none can be made. */
  static async mount(mib: number): Promise<SmallDisk | undefined> {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
    const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-disk-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder]);
    } catch {
      // A container without the right to mount.
      await rmdir(folder);
      return undefined;
    }
    return new SmallDisk(folder);
  }

  /** Another program takes so much of the room, or all that is left. */
  async fill(bytesMax = Infinity): Promise<void> {
    await using file = await open(this.#filler, 'w');
    const block = new Uint8Array(2 ** 20).fill(1);
    for (let bytes = 0; bytes < bytesMax;) {
      try {
        bytes += (await file.write(block, 0, Math.min(block.length, bytesMax - bytes))).bytesWritten;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
        throw error;
      }
    }
  }

  /** … and gives it back. */
  async clear(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  get #filler(): string {
    return path.join(this.folder, 'filler');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', ['-l', this.folder]);
    await rmdir(this.folder);
  }
}
