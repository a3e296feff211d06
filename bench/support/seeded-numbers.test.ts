import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balancedSemiprime, distinctWords, manySemiprimes, randomInteger } from './seeded-numbers.ts';
import { seededRandom } from '../../src/loadgen/seeded-random.ts';

test('words are distinct, have 18 digits, and come again with their seed', () => {
  const [next, again] = [distinctWords(7), distinctWords(7)];
  const words = Array.from({ length: 100_000 }, next);
  assert.equal(new Set(words).size, words.length);
  assert.ok(words.every((word) => /^[1-9]\d{17}$/.test(word)));
  assert.deepEqual(Array.from({ length: 10 }, again), words.slice(0, 10));
});

test('numbers have exactly the digits asked for', () => {
  const random = seededRandom(1);
  for (let digits = 4; digits <= 40; digits++) {
    assert.equal(String(randomInteger(digits, random)).length, digits);
    assert.equal(String(balancedSemiprime(digits, random)).length, digits);
  }
});

test('many semiprimes are as many as asked for, distinct, and of one size', () => {
  const numbers = [...manySemiprimes(5_000, 20, seededRandom(3))];
  assert.equal(new Set(numbers).size, 5_000);
  assert.ok(numbers.every((number) => number.length === 20));
});
