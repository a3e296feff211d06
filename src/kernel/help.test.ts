import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpWorthGiving, isSameHelp } from './help.ts';

const SIEVE = { value: 77n };
const CURVES = { value: 77n, curves: { b1: 2_000, b2: 200_000, width: 2310 } } as const;

test('help is begun for what takes long or may never end, and goes on until nothing is wanted', () => {
  assert.equal(helpWorthGiving(SIEVE, { remainingMs: 5_000 }, false), SIEVE);
  assert.equal(helpWorthGiving(CURVES, {}, false), CURVES);
  assert.equal(helpWorthGiving(SIEVE, { remainingMs: 100 }, false), undefined);
  assert.equal(helpWorthGiving(SIEVE, { remainingMs: 100 }, true), SIEVE);
  assert.equal(helpWorthGiving(undefined, { remainingMs: 5_000 }, true), undefined);
});

test('another number, the sieve after curves, and other bounds are other help', () => {
  assert.ok(isSameHelp(CURVES, structuredClone(CURVES)) && isSameHelp(undefined, undefined));
  for (const other of [SIEVE, { ...CURVES, value: 15n }, undefined])
    assert.ok(!isSameHelp(CURVES, other) && !isSameHelp(other, CURVES));
  assert.ok(!isSameHelp(CURVES, { ...CURVES, curves: { ...CURVES.curves, b1: 11_000 } }));
});
