import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_NUMBERS_MAX } from '../../domain/limits.ts';
import { keyed, newRequests, seqNo } from '../contract/store-fixture.ts';
import { StoreError, type NewBatch } from '../store.ts';
import { BatchIntake, CALLER_ROWS_MAX, PIECE_ROWS, ROWS_UNDER_WAY_MAX } from './batch-intake.ts';
import type { Fault, OperationName, WithdrawAsk } from './operation.ts';
import { RoundQueue } from './round-queue.ts';

/** What the scripted thread does with one operation: an answer, or the fault that it gives instead. */
type Answer = { readonly answer: unknown } | { readonly code: 'full' | 'broken' };

/** An intake whose thread answers by `script`. */
function newIntake(script: (name: OperationName, ask: unknown) => Answer): BatchIntake {
  const rounds: RoundQueue = new RoundQueue(({ names, asks }) => {
    const results = names.map((name, i) => script(name, asks[i]));
    const faults = results.flatMap((result, index): Fault[] =>
      'code' in result ? [{ index, code: result.code, message: result.code }] : [],
    );
    const answers = results.map((result) => ('answer' in result ? result.answer : null));
    setImmediate(() => rounds.settle({ answers, faults }));
  });
  return new BatchIntake(rounds);
}

/** A thread that has room for `pieces` pieces; taking back is refused while `refusals` lasts. All that was withdrawn is in `ranges`. */
function narrowThread(
  pieces: number,
  refusals: Iterator<'full' | 'broken'>,
): { intake: BatchIntake; ranges: (readonly [number, number])[] } {
  const ranges: (readonly [number, number])[] = [];
  let left = pieces;
  const intake = newIntake((name, ask) => {
    if (name === 'accept') return { answer: left-- > 0 ? 'queued' : 'full' };
    const refusal = refusals.next();
    if (!refusal.done) return { code: refusal.value };
    const [, , , from, to] = ask as WithdrawAsk;
    ranges.push([from, to]);
    return { answer: null };
  });
  return { intake, ranges };
}

function codeIs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code;
}

function largest(i: number, callerId: string): NewBatch {
  return { requests: newRequests(BATCH_NUMBERS_MAX, { seq: seqNo(i * BATCH_NUMBERS_MAX), callerId }) };
}

test('a batch that finds no room is taken back piece by piece from its end, again where there is no room for that', async () => {
  const { intake, ranges } = narrowThread(3, ['full' as const].values());
  await assert.rejects(intake.accept(keyed(newRequests(2_000))), codeIs('full'));
  assert.deepEqual(ranges, [
    [2 * PIECE_ROWS, 3 * PIECE_ROWS],
    [PIECE_ROWS, 2 * PIECE_ROWS],
    [0, PIECE_ROWS],
  ]);
});

test('where taking back never finds room, closing ends it, and the batch is not said to have changed nothing', async () => {
  const { intake } = narrowThread(
    1,
    (function* () {
      for (;;) yield 'full' as const;
    })(),
  );
  const rejected = assert.rejects(intake.accept({ requests: newRequests(2_000) }), codeIs('broken'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await intake.close();
  await rejected;
});

test('a store that breaks while a batch is taken back is not asked again', async () => {
  const { intake, ranges } = narrowThread(2, ['broken' as const].values());
  await assert.rejects(intake.accept({ requests: newRequests(2_000) }), codeIs('broken'));
  assert.deepEqual(ranges, []);
});

test('large batches beyond the bound of a caller or of all are refused at once, smaller ones are not', async () => {
  const intake = newIntake(() => ({ answer: 'queued' }));
  const ofOne = CALLER_ROWS_MAX / BATCH_NUMBERS_MAX;
  const ofAll = ROWS_UNDER_WAY_MAX / BATCH_NUMBERS_MAX;
  const callers = ['acme', 'acme', 'acme', 'acme', 'b', 'c', 'd', 'e'];
  const results = await Promise.allSettled([
    ...callers.map((callerId, i) => intake.accept(largest(i, callerId))),
    intake.accept({ requests: newRequests(PIECE_ROWS, { seq: seqNo(1e6) }) }),
  ]);
  const refused = results.flatMap((result, i) => {
    if (result.status === 'fulfilled') return [];
    assert.ok(codeIs('busy')(result.reason));
    return [i];
  });
  assert.deepEqual(refused, [ofOne, ofAll + 1]);
  // The room is free again.
  assert.equal((await intake.accept(largest(9, 'acme'))).kind, 'accepted');
});
