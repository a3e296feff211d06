import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitLength } from './bit-length.ts';

test('bit lengths are right at 0 and around every power of two up to 2^3400', () => {
  assert.equal(bitLength(0n), 0);
  for (let bits = 1; bits <= 3400; bits++) {
    assert.equal(bitLength(1n << BigInt(bits - 1)), bits);
    assert.equal(bitLength((1n << BigInt(bits)) - 1n), bits);
  }
});
