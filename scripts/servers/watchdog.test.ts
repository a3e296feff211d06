import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { until } from '../../test/support/until.ts';

const moduleUrl = (name: string): string => String(pathToFileURL(path.join(import.meta.dirname, name)));

/** A process that has started two servers, one of which does not listen to anybody and one that has been stopped, and has a folder. */
async function starter() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-watch dog-'));
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { ServerProcess } from '${moduleUrl('server-process.ts')}';
       import { watchFolder } from '${moduleUrl('watchdog.ts')}';
       watchFolder(${JSON.stringify(folder)});
       const start = () => ServerProcess.start({
         name: 'deaf',
         url: 'http://127.0.0.1:1234',
         program: '/bin/sh',
         args: ['-c', 'trap "" TERM HUP PIPE; echo ready; while :; do sleep 1; done'],
         isReady: (output) => output.includes('ready'),
       });
       const [deaf, gone] = [await start(), await start()];
       await gone.kill();
       console.log(deaf.pid);
       process.on('SIGTERM', () => process.exit(1));
       setInterval(() => undefined, 1_000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, folder, server: Number(line) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const)
  test(`servers and folders go with whoever started them, when that ends by ${signal}`, async (t) => {
    const { child, folder, server } = await starter();
    t.after(() => {
      if (isAlive(server)) process.kill(-server, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    assert.ok(isAlive(server) && existsSync(folder));
    child.kill(signal);
    await until('the server having ended', () => !isAlive(server));
    await until('the folder being gone', () => !existsSync(folder));
  });
