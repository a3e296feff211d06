import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { TestServer } from './test-server.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const chromium = NAMES.find((name) => spawnSync(name, ['--version']).status === 0);
const skip = chromium === undefined && `none of ${NAMES.join(', ')} is installed`;

test('a real browser shows the page about the API, and has nothing to complain of', { skip }, async (t) => {
  await using server = await TestServer.start();
  const profile = await mkdtemp(join(tmpdir(), 'fairsieve-chromium-'));
  t.after(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  const { stdout: page, stderr: log } = await promisify(execFile)(
    chromium ?? '',
    [
      '--headless',
      '--disable-gpu',
      // Its sandbox refuses to run as root, as in most containers; the page is our own.
      '--no-sandbox',
      `--user-data-dir=${profile}`,
      '--enable-logging=stderr',
      // The page's own clock runs ahead while nothing is being loaded.
      '--virtual-time-budget=20000',
      '--dump-dom',
      `http://127.0.0.1:${server.port}/docs/`,
    ],
    { timeout: 60_000, maxBuffer: 2 ** 24 },
  );
  const { paths } = (await (await server.fetch('/openapi.json')).json()) as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map(() => path));
  const shown = [...page.matchAll(/data-path="([^"]+)"/g)].map((match) => match[1]);
  assert.ok(described.length > 5);
  assert.deepEqual(new Set(shown), new Set(described));
  assert.equal(shown.length, described.length);
  assert.deepEqual(
    log.split('\n').filter((line) => line.includes(':CONSOLE')),
    [],
  );
});
