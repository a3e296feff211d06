import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean } from './did-you-mean.ts';

const COMMANDS = ['factor', 'serve', 'submit', 'result', 'help', 'version'];

test('a slip of the keyboard is recognised', () => {
  const slips = {
    factr: 'factor',
    hlep: 'help',
    serv: 'serve',
    submitt: 'submit',
    resutl: 'result',
    versoin: 'version',
  };
  for (const [slip, meant] of Object.entries(slips))
    assert.equal(didYouMean(slip, COMMANDS), `: did you mean ${meant}?`);
});

test('nothing is guessed where nothing is near', () => {
  for (const other of ['status', 'foo', 'xyzzy', 'x', '', 'delete', 'a-very-long-word-that-is-no-command'])
    assert.equal(didYouMean(other, COMMANDS), '', other);
});

test('the prefix is shown and does not count', () => {
  assert.equal(didYouMean('PROT', ['HOST', 'PORT'], 'NAME_'), ': did you mean NAME_PORT?');
  assert.equal(didYouMean('FOO', ['HOST', 'PORT'], 'NAME_'), '');
});
