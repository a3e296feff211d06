import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { BATCH_NUMBERS_MAX, PIECE_ROWS } from '../../domain/limits.ts';
import { FIRST_SEQ, keyed, newRequests, seqNo } from '../contract/store-fixture.ts';
import { StoreError, type NewBatch } from '../store.ts';
import { BatchIntake, CALLER_ROWS_MAX, ROWS_UNDER_WAY_MAX } from './batch-intake.ts';
import type { Fault, OperationName, RestKey } from './operation.ts';
import { RoundQueue } from './round-queue.ts';

/** What the scripted thread does with one operation: an answer, or the fault that it gives instead. */
type Answer = { readonly answer: unknown } | { readonly code: 'full' | 'broken' };

/** An intake whose thread answers by `script`. */
function newIntake(
  script: (name: OperationName, ask: unknown) => Answer,
  clock = new ManualClock(),
): BatchIntake {
  const rounds: RoundQueue = new RoundQueue(({ names, asks }) => {
    const results = names.map((name, i) => script(name, asks[i]));
    const faults = results.flatMap((result, index): Fault[] =>
      'code' in result ? [{ index, code: result.code, message: result.code }] : [],
    );
    const answers = results.map((result) => ('answer' in result ? result.answer : null));
    setImmediate(() => rounds.settle({ answers, faults }));
  });
  return new BatchIntake(rounds, clock);
}

function codeIs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code;
}

function largest(i: number, callerId: string): NewBatch {
  return { requests: newRequests(BATCH_NUMBERS_MAX, { seq: seqNo(i * BATCH_NUMBERS_MAX), callerId }) };
}

test('a batch is accepted once its first piece is written; the others follow, again where there is no room for them', async () => {
  const asked: unknown[] = [];
  let refusals = 2;
  const clock = new ManualClock();
  const intake = newIntake((name, ask) => {
    asked.push(name === 'accept' ? name : ask);
    if (name === 'accept') return { answer: 'queued' };
    const [firstSeq, start] = ask as RestKey;
    if (start === 2 * PIECE_ROWS && refusals-- > 0) return { code: 'full' };
    return { answer: [firstSeq, start, 'queued'] };
  }, clock);
  const outcome = await intake.accept(keyed(newRequests(2_000)));
  assert(outcome.kind === 'accepted');
  assert.equal(outcome.known.length, PIECE_ROWS);
  assert.ok(asked.length < 4, 'before all of it is written');
  await clock.advance(1_000);
  assert.equal((await outcome.rest)?.length, 2_000 - PIECE_ROWS);
  const starts = [1, 2, 2, 2, 3].map((i) => [FIRST_SEQ, i * PIECE_ROWS]);
  assert.deepEqual(asked, ['accept', ...starts]);
});

test('a batch that is refused leaves nothing to be written', async () => {
  const asked: string[] = [];
  const intake = newIntake((name) => {
    asked.push(name);
    return { answer: 'full' };
  });
  await assert.rejects(intake.accept(keyed(newRequests(2_000))), codeIs('full'));
  assert.equal(await intake.settle(), 0);
  assert.deepEqual(asked, ['accept']);
});

/** Writes pieces as long as there is `room` for some; accepts where `isOpen`. */
function narrow(room: { pieces: number; isOpen: boolean }): BatchIntake {
  return newIntake((name, ask) => {
    if (name === 'accept') return { answer: room.isOpen ? 'queued' : 'full' };
    if (room.pieces-- <= 0) return { code: 'full' };
    return { answer: ask === null ? null : [...(ask as RestKey), 'queued'] };
  });
}

test('whoever settles is told what there is no room to write, once all that has room is written', async () => {
  const room = { pieces: 1, isOpen: true };
  const intake = narrow(room);
  const outcome = await intake.accept({ requests: newRequests(2_000) });
  assert(outcome.kind === 'accepted' && outcome.rest);
  const rejected = assert.rejects(outcome.rest, codeIs('full'));
  assert.equal(await intake.settle(), 1_000);
  await rejected;
  for (const [pieces, left, what] of [
    [0, -1, 'it is tried again'],
    [1, 0, 'and written'],
    [0, 0, 'and then no more'],
  ] as const) {
    room.pieces = pieces;
    await intake.writeAgain();
    assert.equal(room.pieces, left, what);
  }
});

test('nobody waits behind a batch that waits for room: the next of its caller is refused or accepted at once', async () => {
  const room = { pieces: 0, isOpen: true };
  const intake = narrow(room);
  const accept = (i: number) => intake.accept({ requests: newRequests(2_000, { seq: seqNo(i) }) });
  const waiting = await accept(0);
  assert(waiting.kind === 'accepted');
  room.isOpen = false;
  await assert.rejects(accept(1e6), codeIs('full'));
  room.isOpen = true;
  assert.equal((await accept(2e6)).kind, 'accepted');
  assert.equal(await intake.settle(), 3_000);
});

test('what the last process left is written until nothing is; where there is no room, that is told', async () => {
  let left = 3;
  await newIntake(() => ({ answer: left-- > 0 ? [FIRST_SEQ, PIECE_ROWS, 'queued'] : null })).writeLeft();
  assert.equal(left, -1);
  await assert.rejects(newIntake(() => ({ code: 'full' })).writeLeft(), codeIs('full'));
  await assert.rejects(newIntake(() => ({ code: 'broken' })).writeLeft(), codeIs('broken'));
});

test('large batches beyond the bound of a caller or of all are refused at once, smaller ones are not', async () => {
  const intake = newIntake((name) => ({ answer: name === 'accept' ? 'queued' : [FIRST_SEQ, 0, 'queued'] }));
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
  await intake.idle();
  // The room is free again.
  assert.equal((await intake.accept(largest(9, 'acme'))).kind, 'accepted');
});
