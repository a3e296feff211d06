import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cleanEnv } from './spawned-cli.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const skip = process.platform === 'win32' && 'Windows has no SIGTERM';

test('SIGTERM sent to npm start stops the server in order', { skip, timeout: 300_000 }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'fairsieve-npm-'));
  const npm = spawn('npm', ['start'], {
    cwd: ROOT,
    // A group of its own, so that nothing of it outlives the test.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnv({ FAIRSIEVE_PORT: '0', FAIRSIEVE_DATA_DIR: dataDir, FAIRSIEVE_WORKERS: '1' }),
  });
  t.after(async () => {
    endGroup(npm.pid);
    await rm(dataDir, { recursive: true });
  });
  const stderr = text(npm.stderr);
  npm.stdout.setEncoding('utf8');
  for await (const chunk of npm.stdout.iterator({ destroyOnReturn: false }))
    if (String(chunk).includes('listens on')) break;
  npm.kill('SIGTERM');
  // Ends when nobody is left who could write to it.
  assert.match(await stderr, /"signal":"SIGTERM","msg":"stopping"/);
});

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // All of it has ended, as it should.
  }
}
