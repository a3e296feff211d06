import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareNumbers } from './value.ts';
import { compareLines, isValueLine, numberOfLine, valueLine } from './value-line.ts';

const numbers = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 30n }), fc.integer({ min: 0, max: 30 }))
  .map(([n, digits]) => String((n % 10n ** BigInt(digits)) + 1n));

test('lines are in the order of their numbers, which they name, whatever their factors', () => {
  fc.assert(
    fc.property(numbers, numbers, fc.bigInt({ min: 2n }), fc.bigInt({ min: 2n }), (a, b, p, q) => {
      const line = (number: string, prime: bigint): string =>
        valueLine({ number, factors: [{ prime, exponent: 1, certainty: 'probable' }] });
      if (a !== b)
        assert.equal(Math.sign(compareLines(line(a, p), line(b, q))), Math.sign(compareNumbers(a, b)));
      assert.equal(compareLines(line(a, p), line(a, p)), 0);
      assert.equal(numberOfLine(line(a, p)), a);
    }),
  );
});

test('what is written is a line, 1 and powers and probable primes too', () => {
  const factors = [
    { prime: 2n, exponent: 10, certainty: 'proven' },
    { prime: 10n ** 400n + 69n, exponent: 1, certainty: 'probable' },
  ] as const;
  for (const value of [
    { number: '1', factors: [] },
    { number: '1024', factors },
  ])
    assert.ok(isValueLine(valueLine(value)), value.number);
});

test('what is no value is told from one', () => {
  const others = [
    '',
    '6',
    ' 2 3',
    'six 2 3',
    '6 two',
    '6 2  3',
    '6 2 3 ',
    '6 2 3\n',
    '6 2^ 3',
    '6 02 3',
    '6 6!',
  ];
  for (const text of others) assert.ok(!isValueLine(text), JSON.stringify(text));
});
