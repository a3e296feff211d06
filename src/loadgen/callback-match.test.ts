import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallbackLines } from './callback-lines.ts';
import { type Callback, CallbackMatch } from './callback-match.ts';
import { LatencyHistogram } from './latency-histogram.ts';

function callback(requestId: string, atMs: number): Callback {
  const result = { status: 'done', number: '15', primes: ['3', '5'], isComplete: true, finishedAtMs: 1_000 };
  return { requestId, result, atMs, wallMs: 1_000 + atMs };
}

test('a callback finds its request, whichever is known first, and once only', () => {
  const match = new CallbackMatch();
  const told: string[] = [];
  const promise = (id: string, acceptedMs: number): void =>
    match.promise(id, acceptedMs, ({ requestId }) => void told.push(requestId));
  match.take(callback('early', 5));
  promise('early', 8);
  promise('late', 10);
  promise('never', 10);
  match.take(callback('late', 30));
  match.take(callback('late', 40));
  match.take(callback('unknown', 40));
  assert.deepEqual(told, ['early', 'late']);
  const { promised, received, fromAcceptance, fromCompletion } = match.report();
  assert.deepEqual([promised, received], [3, 2]);
  const accepted = LatencyHistogram.of(fromAcceptance).distribution();
  assert.deepEqual([accepted.min, accepted.max], [0, 20]);
  const completed = LatencyHistogram.of(fromCompletion).distribution();
  assert.deepEqual([completed.min, completed.max], [5, 30]);
});

test('gaps, repeats and overtaking are told of each caller and shard by itself', () => {
  const lines = new CallbackLines();
  const note = (line: string, ...sequences: readonly number[]): boolean[] =>
    sequences.map((sequence) => lines.note(`${line} ${sequence}`, line, sequence));
  assert.deepEqual(note('0 acme', 7, 9, 8, 12), [true, true, true, true]);
  assert.deepEqual(note('1 acme', 1, 2, 2, 3), [true, true, false, true]);
  note('0 zeta', 3);
  assert.deepEqual(lines.report(), { twice: 1, gaps: 2, overtaken: 1 });
});
