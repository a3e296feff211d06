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
  it('tells apart other numbers, another order, another path, and one number from a batch of one', () => {
    const prints = [
      fingerprintOf('POST', '/requests', 'number', [15n]),
      fingerprintOf('POST', '/requests', 'numbers', [15n]),
      fingerprintOf('POST', '/requests', 'numbers', [1n, 5n]),
      fingerprintOf('POST', '/requests', 'numbers', [5n, 1n]),
      fingerprintOf('POST', '/sync', 'number', [15n]),
    ];
    assert.equal(new Set(prints).size, prints.length);
    assert.equal(fingerprintOf('POST', '/requests', 'number', [0xfn]), prints[0]);
  });
});
