import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFilesMax, softLimit } from './open-files.ts';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             127462               127462               processes
Max open files            20000                1048576              files
`;

test('the bound in force is read, not the one that it may be raised to', () => {
  assert.equal(softLimit(LIMITS), 20_000);
  assert.equal(softLimit(LIMITS.replace('20000  ', 'unlimited')), undefined);
  assert.equal(softLimit(''), undefined);
});

test('this process has one where the system tells', { skip: process.platform !== 'linux' }, () => {
  const max = openFilesMax();
  assert.ok(max === undefined || max > 100, `${max}`);
});
