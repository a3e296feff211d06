/** The kernel as it is published, in a Node.js older than ours: whoever embeds it need not run the one that we pin. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '..');
const MAJOR_MIN = 20;

/** One on the path with a version from 20 up to ours, ours not included. */
const olderNode = (process.env['PATH'] ?? '')
  .split(path.delimiter)
  .map((folder) => path.join(folder, 'node'))
  .find((node) => {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    const major = Number.parseInt((stdout ?? '').slice(1), 10);
    return major >= MAJOR_MIN && major < Number.parseInt(process.versions.node, 10);
  });
const skip = olderNode === undefined && `no node from ${MAJOR_MIN} on that is older than ours is on the path`;

/** 62 digits take a second or two: long enough for a thread to be started. */
const PROGRAM = `
  import { factor, formatFactors } from './dist/kernel/factor.js';
  const long = (10n ** 30n + 57n) * (3n * 10n ** 31n + 109n);
  let started = 0;
  process.on('worker', () => started++);
  const together = formatFactors((await factor(long, { threads: 2 })).factors);
  const aborted = await factor(long, { signal: AbortSignal.timeout(50) }).catch(({ name }) => name);
  console.log(JSON.stringify({ together, started, aborted }));
`;

test('the published kernel factors in an older Node.js, with threads and abort', { skip }, async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'fairsieve-older-node-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', path.join(folder, 'dist')], { cwd: ROOT });
  await cp(path.join(ROOT, 'build'), path.join(folder, 'build'), { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(path.join(folder, 'program.js'), PROGRAM);
  const { stdout, stderr } = spawnSync(olderNode ?? '', ['program.js'], { cwd: folder, encoding: 'utf8' });
  assert.deepEqual(JSON.parse(stdout || JSON.stringify(stderr)), {
    together: `${10n ** 30n + 57n} ${3n * 10n ** 31n + 109n}`,
    started: 1,
    aborted: 'TimeoutError',
  });
});
