/**
 * Makes dist/ for the published package: JavaScript and types, since Node.js strips no types below node_modules. In a checkout
 * nothing needs it.
 *
 * What is published is what the `files` of tsconfig.build.json import, so tests and what only they use stay out: the modules
 * that package.json and bin/ name, and those that are started by their address (base/module-url.ts), which no import tells of.
 *
 *   node scripts/build-package.mjs
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

// What a former version left there would be published as well.
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exitCode = status ?? 1;
