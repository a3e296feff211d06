import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorReply } from '@redis/client';
import { isPassing } from './redis-link.ts';

test('a Redis that cannot write now is asked again, also where Redis 6 says so from within a script', () => {
  const inScript = (line: number, reply: string): string =>
    `ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): @user_script:${line}: @user_script: ${line}: ${reply} `;
  const passing = [
    'LOADING Redis is loading the dataset in memory',
    'MISCONF Errors writing to the AOF file: No space left on device',
    '-READONLY You can not write against a read only replica.',
    inScript(23, '-MISCONF Errors writing to the AOF file: No space left on device'),
    inScript(9, "-READONLY You can't write against a read only replica."),
  ];
  for (const message of passing) assert.ok(isPassing(new ErrorReply(message)), message);
  const final = [
    'ERR unknown command',
    'BUSYGROUP it exists',
    inScript(23, '-WRONGTYPE Operation against a key - MISCONF or not'),
    inScript(23, "-ERR a message that ends with ': -MISCONF'"),
  ];
  for (const message of final) assert.ok(!isPassing(new ErrorReply(message)), message);
});
