import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { takeFileLock } from './file-lock.ts';

const FOLDER = fs.mkdtempSync(path.join(os.tmpdir(), 'fairsieve-lock-'));
after(() => fs.rmSync(FOLDER, { recursive: true }));

test('one at a time has it, in one process too, and it is free when that one is done', () => {
  const file = path.join(FOLDER, 'a');
  {
    using first = takeFileLock(file, 0);
    assert.ok(first);
    assert.equal(takeFileLock(file, 20), undefined);
  }
  using second = takeFileLock(file, 0);
  assert.ok(second);
});

test('it is free at once when its process is killed', async () => {
  const file = path.join(FOLDER, 'b');
  const module = new URL('./file-lock.ts', import.meta.url).href;
  const code = `const { takeFileLock } = await import('${module}');
    globalThis.lock = takeFileLock(${JSON.stringify(file)}, 0);
    setInterval(() => undefined, 1_000);
    console.log('taken');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  assert.equal(takeFileLock(file, 20), undefined);
  child.kill('SIGKILL');
  await once(child, 'close');
  using lock = takeFileLock(file, 0);
  assert.ok(lock);
});
