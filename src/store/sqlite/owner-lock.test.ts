import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeOwnerLock } from './owner-lock.ts';

test('a folder in which no file can be made is named', (t) => {
  if (process.platform !== 'linux') {
    t.skip('/proc is of Linux');
    return;
  }
  assert.throws(() => takeOwnerLock('/proc'), {
    name: 'StoreError',
    code: 'broken',
    message: /^Cannot use the data folder \/proc: ENOENT/,
  });
});
