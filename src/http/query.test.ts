import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { BadQuery, parseQuery } from './query.ts';

/** As a plain object. */
const read = (text: string): object => Object.fromEntries(Object.entries(parseQuery(text)));

test('names and values are decoded, with + for a space', () => {
  assert.deepEqual(read('caller_id=a%26b+c%3D%2B&x&=y&&z=1=2'), {
    caller_id: 'a&b c=+',
    x: '',
    '': 'y',
    z: '1=2',
  });
  assert.deepEqual(read('__proto__=1'), { ['__proto__']: '1' });
  assert.deepEqual(read(''), {});
});

test('whatever a browser encodes is read back', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(fc.dictionary(text, text, { noNullPrototype: true }), (fields) => {
      assert.deepEqual(read(String(new URLSearchParams(fields))), fields);
    }),
  );
});

test('what is not UTF-8 in percent-encoding is not read', () => {
  for (const text of ['a=%FF', 'a=%', 'a=%zz', 'b=1&a=%C3', 'a=%ED%A0%80', 'a=1&%FF=2', 'a=%2'])
    assert.ok(parseQuery(text) instanceof BadQuery, text);
  assert.match((parseQuery('b=1&a=%FF') as BadQuery).fault, /parameter a is not UTF-8/);
});

test('the same value twice counts once; of different ones two are kept, however many there are', () => {
  assert.deepEqual(read('a=1&a=1&a=%31'), { a: '1' });
  assert.deepEqual(read('a=1&a=2&a=3&a=1'), { a: ['1', '2'] });
});
