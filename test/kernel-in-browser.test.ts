/** The kernel as it is published, in a real browser: the package's own files, served as they are, without a bundler. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '..');
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const chromium = NAMES.find((name) => spawnSync(name, ['--version']).status === 0);
const skip = chromium === undefined && `none of ${NAMES.join(', ')} is installed`;
const ANSWER_MS_MAX = 120_000;
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
};

/** What the page does; it posts what came of it. 62 digits take a second or two: long enough for threads to be started. */
const PAGE = `<!doctype html><script type="module">
  import { factor, formatFactors } from '/dist/kernel/factor.js';
  const said = [];
  const told = async (body) => void (await fetch('/told', { method: 'POST', body: JSON.stringify(body) }));
  try {
    const reference = formatFactors((await factor(100000000000000000050700000000000000004563n)).factors);
    const long = (10n ** 30n + 57n) * (3n * 10n ** 31n + 109n);
    const stages = new Set();
    const started = [];
    const { Worker } = globalThis;
    globalThis.Worker = class extends Worker { constructor(...args) { super(...args); started.push(String(args[0])); } };
    const together = formatFactors(
      (await factor(long, { threads: 2, onProgress: ({ stage }) => stages.add(stage) })).factors,
    );
    const aborted = await factor(long, { signal: AbortSignal.timeout(50) }).catch(({ name }) => name);
    const refused = await factor(0n).catch(({ message }) => message);
    await told({ reference, together, stages: [...stages], started: started.length, aborted, refused });
  } catch (error) {
    await told({ error: String(error?.stack ?? error) });
  }
</script>`;

test('the published kernel factors in a browser, with threads, progress and abort', { skip }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'fairsieve-browser-'));
  await using open = new AsyncDisposableStack();
  open.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', path.join(folder, 'dist')], { cwd: ROOT });
  await cp(path.join(ROOT, 'build'), path.join(folder, 'build'), { recursive: true });

  const { promise: told, resolve, reject } = Promise.withResolvers<string>();
  const server = http.createServer((request, response) => {
    if (request.method === 'POST') {
      response.end();
      resolve(text(request));
      return;
    }
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    response.setHeader('content-type', TYPES[path.extname(pathname)] ?? 'text/html');
    if (pathname === '/') response.end(PAGE);
    else
      void readFile(path.join(folder, path.normalize(pathname))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.defer(() => void server.close());

  const browser = spawn(chromium ?? '', [
    '--headless',
    '--disable-gpu',
    // Its sandbox refuses to run as root, as in most containers; the page is our own.
    '--no-sandbox',
    `--user-data-dir=${path.join(folder, 'profile')}`,
    '--remote-debugging-port=0',
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  ]);
  open.defer(async () => {
    const exited = once(browser, 'exit');
    browser.kill();
    await exited;
  });
  const timer = setTimeout(() => reject(new Error('The page has told nothing')), ANSWER_MS_MAX);
  const { started, stages, ...answers } = JSON.parse(await told) as Record<string, unknown>;
  clearTimeout(timer);
  assert.deepEqual(answers, {
    reference: '100000000000000000039 1000000000000000000117',
    together: `${10n ** 30n + 57n} ${3n * 10n ** 31n + 109n}`,
    aborted: 'TimeoutError',
    refused: 'Cannot factor 0: it must be at least 1',
  });
  assert.equal(started, 1, 'one thread beside that of the page');
  assert.ok((stages as string[]).includes('siqs'), String(stages));
});
