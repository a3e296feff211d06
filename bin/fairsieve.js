#!/usr/bin/env node
/**
 * Starts the command line program on a Node.js that can run it: on this one, or else on the one that came with the package.
 * Plain JavaScript, so that an older Node.js understands it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 26;
/** How often it is seen whether npm is still there. */
const NPM_CHECK_MS = 250;

if (process.env.npm_lifecycle_event !== undefined) endWithNpm();

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
  // Halves the time until the first number is factored, from the second start on. Threads look for it in the environment.
  process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache');
  module.enableCompileCache();
  const sources = new URL('../src/cli/main.ts', import.meta.url);
  // The published package has no sources: Node.js strips no types below node_modules.
  const main = existsSync(sources) ? sources : new URL('../dist/cli/main.js', import.meta.url);
  const { runCli } = await import(main.href);
  process.exitCode = await runCli(process.argv.slice(2));
} else {
  startOnPinnedNode();
}

function startOnPinnedNode() {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const packageName = `node-${system === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${system}-${process.arch}`;
  const node = pinnedNode(packageName);
  if (node === undefined) {
    console.error(
      `fairsieve needs Node.js ${NODE_MAJOR_MIN} or later. This is ${process.versions.node}, and the package ${packageName}, which would bring the right one, is not installed.\n` +
        `Install Node.js ${NODE_MAJOR_MIN}, or run npm install again without --omit=optional.`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    for (const one of signals) process.removeAllListeners(one);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}

/**
 * `npm start` and `npx` hand SIGTERM on to the shell that they run us in, and most shells die of it without telling us. So whoever
 * was started by npm takes the loss of its parent for that signal.
 */
function endWithNpm() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, NPM_CHECK_MS);
  timer.unref();
}

function pinnedNode(packageName) {
  try {
    const folder = dirname(module.createRequire(import.meta.url).resolve(`${packageName}/package.json`));
    return join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  } catch {
    return undefined;
  }
}
