/** What the disk under the system's temporary folder, where benchmarked stores lie, asks for making a write durable. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Samples } from './samples.ts';

const WRITE_BYTES = 16_384;
const WRITES = 200;

/** Milliseconds of each of `WRITES` appends of 16 KiB with fdatasync. Blocks the thread meanwhile. */
export function measureFsync(): Samples {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fairsieve-fsync-'));
  const file = fs.openSync(path.join(folder, 'probe'), 'w');
  const bytes = Buffer.alloc(WRITE_BYTES);
  const samples = new Samples();
  for (let i = 0; i < WRITES; i++) {
    const startMs = performance.now();
    fs.writeSync(file, bytes);
    fs.fdatasyncSync(file);
    samples.add(performance.now() - startMs);
  }
  fs.closeSync(file);
  fs.rmSync(folder, { recursive: true });
  return samples;
}
