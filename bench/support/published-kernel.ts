/** The kernel as the package publishes it: JavaScript. In a checkout, Node strips the types anew in each thread that it starts. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { factor } from '../../src/kernel/factor.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface PublishedKernel extends AsyncDisposable {
  readonly factor: typeof factor;
}

/** Builds it in a folder of its own, which is removed in the end. Needs `tsc` on the path, as in `npm run`. */
export async function publishedKernel(): Promise<PublishedKernel> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fairsieve-kernel-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await promisify(execFile)('tsc', ['-p', 'tsconfig.build.json', '--outDir', path.join(folder, 'dist')], {
      cwd: ROOT,
    });
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    await symlink(path.join(ROOT, 'build'), path.join(folder, 'build'));
    const module: PublishedKernel = await import(
      pathToFileURL(path.join(folder, 'dist/kernel/factor.js')).href
    );
    return { factor: module.factor, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
