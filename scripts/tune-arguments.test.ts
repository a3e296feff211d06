import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tuneArguments, tuneUsage } from './tune-arguments.ts';

const ROWS = [100, 120, 140];

test('without arguments every row is tuned, and nothing is written', () => {
  assert.deepEqual(tuneArguments([], ROWS), { bits: ROWS, seconds: 4, seed: 1, write: false, help: false });
});

test('what is given stands', () => {
  const args = ['--bits', '120,140', '--seconds', '0.5', '--seed', '7', '--write'];
  assert.deepEqual(tuneArguments(args, ROWS), {
    bits: [120, 140],
    seconds: 0.5,
    seed: 7,
    write: true,
    help: false,
  });
});

test('what cannot be understood is named, with its bounds', () => {
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['--bits', '130'], /--bits must be some of 100,120,140: it is "130"/],
    [['--bits', ''], /--bits must be .* it is ""/],
    [['--seconds', 'x'], /--seconds must be a number above 0 and at most 86400: it is "x"/],
    [['--seconds', '0'], /--seconds must be/],
    [['--seed', '1.5'], /--seed must be a whole number from 0 to 999999999: it is "1.5"/],
    [['--second', '4'], /'--second'/],
    [['120'], /'120'/],
  ];
  for (const [args, message] of cases)
    assert.throws(() => tuneArguments(args, ROWS), { name: 'TypeError', message });
});

test('the help names every option and the rows that there are', () => {
  const usage = tuneUsage(ROWS);
  for (const name of Object.keys(tuneArguments([], ROWS)))
    assert.match(usage, new RegExp(`^  --${name} `, 'm'));
  assert.match(usage, /100,120,140/);
});
