import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Factor } from '../../domain/factorization.ts';
import { FormError } from './form.ts';
import { VALUES_FORM } from './values-form.ts';

function factor(prime: bigint, exponent = 1, certainty: Factor['certainty'] = 'proven'): Factor {
  return { prime, exponent, certainty };
}

test('values arrive as they were sent, none of them and 1 too', () => {
  const long = 10n ** 400n + 69n;
  const all = [
    { number: '1', factors: [] },
    { number: '144', factors: [factor(2n, 4), factor(3n, 2)] },
    { number: String(2n * long), factors: [factor(2n), factor(long, 1, 'probable')] },
  ];
  for (const values of [all, all.slice(0, 1), []])
    assert.deepEqual(VALUES_FORM.fromBytes(VALUES_FORM.toBytes({ values })), { values });
});

test('what holds no values is refused', () => {
  for (const text of ['six 2 3', '6', '6 two', '6 2 3\n', '{"values":[]}', '\xff'])
    assert.throws(() => VALUES_FORM.fromBytes(Buffer.from(text, 'latin1')), FormError, text);
});
