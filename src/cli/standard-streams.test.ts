import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cleanEnv } from './spawned-cli.ts';

const BIN = fileURLToPath(new URL('../../bin/fairsieve.js', import.meta.url));
const skip = !existsSync('/dev/full') && 'there is no /dev/full';

/** With a file of each kind in place of the pipes of other tests. */
function run(args: readonly string[], { input = '/dev/null', output = '/dev/null' }) {
  const [stdin, stdout] = [openSync(input, 'r'), openSync(output, 'w')];
  const ended = spawnSync(process.execPath, [BIN, ...args], {
    stdio: [stdin, stdout, 'pipe'],
    encoding: 'utf8',
    env: cleanEnv({}),
    timeout: 60_000,
  });
  for (const file of [stdin, stdout]) closeSync(file);
  return { code: ended.status, stderr: ended.stderr };
}

for (const args of [
  ['factor', '12'],
  ['factor', '--json', '--threads', '2', '12'],
  ['version'],
  ['help', 'factor'],
  ['secret', 'create'],
]) {
  test(`a disk that is full ends ${args.join(' ')} with a sentence and exit code 1`, { skip }, () => {
    assert.deepEqual(run(args, { output: '/dev/full' }), {
      code: 1,
      stderr: 'fairsieve: Cannot write to standard output: no space left on device\n',
    });
  });
}

test('a folder in place of standard input is told, and is no empty input', () => {
  for (const command of ['factor', 'submit', 'result'])
    assert.deepEqual(run([command, '-'], { input: tmpdir() }), {
      code: 1,
      stderr: 'fairsieve: Cannot read standard input: it is a folder\n',
    });
});
