import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fingerprintOf, parseIdempotencyKey } from './idempotency-key.ts';

describe('parseIdempotencyKey', () => {
  it('reads a key in quotes as the same key without them', () => {
    assert.equal(parseIdempotencyKey('"8e03978e-40d5"'), '8e03978e-40d5');
    assert.equal(parseIdempotencyKey('8e03978e-40d5'), '8e03978e-40d5');
    assert.equal(parseIdempotencyKey(String.raw`"a \"b\" \\ c"`), String.raw`a "b" \ c`);
  });

  it('refuses what is empty, too long, or not printable ASCII', () => {
    for (const header of [
      '',
      '""',
      '"',
      'a b',
      'a, b',
      '"a',
      'a"b',
      'clé',
      '"\t"',
      String.raw`"\a"`,
      'x'.repeat(256),
    ]) {
      assert.equal(parseIdempotencyKey(header), undefined, header);
    }
    assert.equal(parseIdempotencyKey('x'.repeat(255))?.length, 255);
  });
});

describe('fingerprintOf', () => {
  it('tells apart other numbers, another order, another path, another callback URL, and one number from a batch of one', () => {
    const prints = [
      fingerprintOf({ path: '/requests', form: 'number', numbers: [15n] }),
      fingerprintOf({ path: '/requests', form: 'numbers', numbers: [15n] }),
      fingerprintOf({ path: '/requests', form: 'numbers', numbers: [1n, 5n] }),
      fingerprintOf({ path: '/requests', form: 'numbers', numbers: [5n, 1n] }),
      fingerprintOf({ path: '/sync', form: 'number', numbers: [15n] }),
      fingerprintOf({ path: '/requests', form: 'number', numbers: [15n], callbackUrl: 'http://a.example/' }),
      fingerprintOf({ path: '/requests', form: 'number', numbers: [15n], callbackUrl: 'http://b.example/' }),
    ];
    assert.equal(new Set(prints).size, prints.length);
    assert.equal(fingerprintOf({ path: '/requests', form: 'number', numbers: [0xfn] }), prints[0]);
  });
});
