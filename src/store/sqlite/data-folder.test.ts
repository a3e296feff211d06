import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { StoreError } from '../store.ts';
import { makeDataFolder } from './data-folder.ts';

function scratch(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'fairsieve-folder-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

function assertRefused(dataDir: string, says: RegExp): void {
  assert.throws(
    () => makeDataFolder(dataDir),
    (error: unknown) => {
      assert.ok(error instanceof StoreError && error.code === 'broken', String(error));
      assert.ok(error.message.startsWith(`Cannot make the data folder ${dataDir}: `), error.message);
      assert.match(error.message, says);
      return true;
    },
  );
}

test('a data folder is made with all that is missing above it, for its owner alone', (t) => {
  const deep = path.join(scratch(t), 'a', 'b', 'c');
  makeDataFolder(deep);
  makeDataFolder(deep);
  assert.ok(fs.statSync(deep).isDirectory());
  if (process.platform !== 'win32') assert.equal(fs.statSync(deep).mode & 0o777, 0o700);
});

test('a link to a folder may stand in its place', (t) => {
  const folder = scratch(t);
  fs.symlinkSync(folder, path.join(folder, 'link'));
  makeDataFolder(path.join(folder, 'link', 'data'));
  assert.ok(fs.statSync(path.join(folder, 'data')).isDirectory());
});

test('where no folder can be, the reason is told', (t) => {
  const folder = scratch(t);
  const at = (...names: string[]) => path.join(folder, ...names);
  fs.writeFileSync(at('file'), '');
  fs.symlinkSync(at('nowhere'), at('dangling'));
  fs.symlinkSync(at('round'), at('round'));
  assertRefused(at('file'), /file is not a folder$/);
  assertRefused(at('file', 'below'), /file is not a folder$/);
  assertRefused(at('dangling'), /dangling is a link that leads nowhere$/);
  assertRefused(at('dangling', 'below'), /dangling is a link that leads nowhere$/);
  assertRefused(at('round'), /ELOOP/);
  assertRefused(at('x'.repeat(300)), /ENAMETOOLONG/);
});

test('a folder that takes no new ones is told instead of tried for ever', (t) => {
  if (process.platform !== 'linux') t.skip('/proc is of Linux');
  else assertRefused('/proc/fairsieve', /ENOENT.*mkdir/);
});

test('a folder without permission is told', (t) => {
  if (process.getuid?.() === 0 || process.platform === 'win32') {
    t.skip('root may write everywhere, and Windows has other permissions');
    return;
  }
  const folder = scratch(t);
  fs.chmodSync(folder, 0o500);
  assertRefused(path.join(folder, 'data'), /EACCES/);
});
