import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { judgeResult } from './judge-result.ts';

const kernel = createKernel(await loadKernelModule());

const judged = (status: string, ...primes: string[]) =>
  judgeResult(
    { status, number: '10403', primes, isComplete: status === 'done' },
    { number: '10403', primes: ['101', '103'] },
    kernel,
  );

test('a result is right where its factors are those of the number', () => {
  assert.deepEqual(judged('done', '101', '103'), { kind: 'right' });
  assert.equal(judged('done', '101').kind, 'wrong');
});

test('a partial result has some of the factors or none, and each must be prime and divide the number', () => {
  assert.deepEqual(judged('partial'), { kind: 'partial' });
  assert.deepEqual(judged('partial', '101'), { kind: 'partial' });
  for (const primes of [['7'], ['10403'], ['101', '101'], ['x']])
    assert.equal(judged('partial', ...primes).kind, 'wrong', primes.join());
});
