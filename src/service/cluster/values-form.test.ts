import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormError } from './form.ts';
import { VALUES_FORM } from './values-form.ts';

test('values arrive as they were sent, none of them and 1 too', () => {
  const all = ['1 ', '144 2^4 3^2', `${2n * (10n ** 400n + 69n)} 2 ${10n ** 400n + 69n}?`];
  for (const lines of [all, all.slice(0, 1), []])
    assert.deepEqual(VALUES_FORM.fromBytes(VALUES_FORM.toBytes({ lines })), { lines });
});

test('what holds no values is refused', () => {
  for (const text of ['six 2 3', '6', '6 two', '6 2 3\n', '{"values":[]}', '\xff'])
    assert.throws(() => VALUES_FORM.fromBytes(Buffer.from(text, 'latin1')), FormError, text);
});
