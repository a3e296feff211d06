/**
 * Accepts batches, on this side of the thread. One too large for a commit is accepted in pieces, with other calls between them, so
 * that nobody waits behind the whole of it. If a piece finds no room, the earlier ones are taken back.
 *
 * Invariants:
 *   B1. One piece is under way at a time, and callers take turns: a caller's own batches follow each other, others' do not wait
 *       for them. So two batches under the same key never mix.
 *   B2. The rows of batches that are not yet settled are bounded, in all and by caller: a batch beyond that is refused.
 *   B3. The rows of a batch that exist are its first ones, in taking back too, so that its key can tell how many there are.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../base/error-message.ts';
import { assert } from '../../base/assert.ts';
import { parseFactors, type Factor } from '../../domain/factorization.ts';
import { BATCH_NUMBERS_MAX } from '../../domain/limits.ts';
import { MODES } from '../../domain/request.ts';
import { StoreError, type AcceptOutcome, type NewBatch } from '../store.ts';
import type { AcceptAnswer, AcceptAsk, ReplayAnswer, WithdrawAsk } from './operation.ts';
import { requestOfRow } from './request-row.ts';
import type { RoundQueue } from './round-queue.ts';

/** Rows of a batch that go into one round; other calls have the rest of it. */
export const PIECE_ROWS = 500;
/** Most rows of batches in pieces at a time. */
export const ROWS_UNDER_WAY_MAX = 60_000;
/** Of these, most rows of one caller: the largest batch and two behind it. */
export const CALLER_ROWS_MAX = 3 * BATCH_NUMBERS_MAX;
/** After this long, taking back is tried again on a disk that had no room even for that. */
const TAKE_BACK_AGAIN_MS = 250;

/** What a piece that was accepted is answered with. */
type PieceAnswer = Exclude<AcceptAnswer, 'conflict' | 'full'>;

/** The batches in pieces of one caller that are not yet settled. */
interface Line {
  rows: number;
  last: Promise<unknown>;
}

export class BatchIntake {
  readonly #rounds: RoundQueue;
  /** By caller; one without batches is not in it. */
  readonly #lines = new Map<string, Line>();
  readonly #closing = new AbortController();
  #rowsUnderWay = 0;
  #lastPiece: Promise<unknown> = Promise.resolve();

  constructor(rounds: RoundQueue) {
    this.#rounds = rounds;
  }

  accept(batch: NewBatch): Promise<AcceptOutcome> {
    const [first] = batch.requests;
    assert(first !== undefined, 'A batch has at least one request');
    if (batch.requests.length <= PIECE_ROWS) return this.#acceptWhole(batch);
    return this.#inLine(first.callerId, batch.requests.length, () => this.#acceptInPieces(batch));
  }

  /** Resolves when every batch so far is accepted or refused. One that cannot be taken back is given up. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#lines.values()].map(({ last }) => last));
  }

  /** Runs `work`, which is about a batch of `rows`, after the batches of the same caller. */
  async #inLine<T>(callerId: string, rows: number, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(callerId) ?? { rows: 0, last: Promise.resolve() };
    if (line.rows + rows > CALLER_ROWS_MAX || this.#rowsUnderWay + rows > ROWS_UNDER_WAY_MAX)
      throw new StoreError('busy', 'Too many large batches are arriving at once');
    this.#lines.set(callerId, line);
    line.rows += rows;
    this.#rowsUnderWay += rows;
    const done = line.last.then(work);
    line.last = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      line.rows -= rows;
      this.#rowsUnderWay -= rows;
      if (line.rows === 0) this.#lines.delete(callerId);
    }
  }

  /** Runs `piece` after those that were here first. As a batch asks again after each of its pieces, batches take turns. */
  #inTurn<T>(piece: () => Promise<T>): Promise<T> {
    const done = this.#lastPiece.then(piece);
    this.#lastPiece = done.catch(() => undefined);
    return done;
  }

  async #acceptWhole(batch: NewBatch): Promise<AcceptOutcome> {
    const answer = await this.#acceptPiece(batch, 0);
    return answer === 'conflict' ? { kind: answer } : outcomeOf([answer], batch);
  }

  async #acceptInPieces(batch: NewBatch): Promise<AcceptOutcome> {
    const answers: PieceAnswer[] = [];
    let replay: ReplayAnswer | undefined;
    let start = 0;
    try {
      for (; start < batch.requests.length; start += PIECE_ROWS) {
        const at = start;
        const answer = await this.#inTurn(() => this.#acceptPiece(batch, at, replay));
        if (answer === 'conflict') return { kind: answer };
        if (isReplay(answer)) replay ??= answer;
        answers.push(answer);
      }
    } catch (error) {
      await this.#takeBack(batch, start, replay);
      throw error;
    }
    return outcomeOf(answers, batch);
  }

  async #acceptPiece(
    batch: NewBatch,
    start: number,
    replay?: ReplayAnswer,
  ): Promise<PieceAnswer | 'conflict'> {
    const ask = askOf(batch, start, replay);
    const answer = await this.#rounds.call(
      'accept',
      ask,
      Math.min(PIECE_ROWS, batch.requests.length - start),
    );
    if (answer === 'full') throw new StoreError('full', 'There is no room for new requests');
    return answer;
  }

  /** Undoes the pieces before index `end`, as far as they were written by this call, from the last one on. */
  async #takeBack(
    { requests: [first], idempotency }: NewBatch,
    end: number,
    replay?: ReplayAnswer,
  ): Promise<void> {
    if (!first) return;
    const from = replay?.before ?? 0;
    const firstSeq = replay?.firstSeq ?? first.seq;
    for (let to = end; to > from;) {
      const start = Math.max(from, to - PIECE_ROWS);
      await this.#withdraw([first.callerId, idempotency?.key ?? null, firstSeq, start, to]);
      to = start;
    }
  }

  /** Deletes take room too, in the log of the database: where there is none, this goes on until there is. */
  async #withdraw(ask: WithdrawAsk): Promise<void> {
    const rows = ask[4] - ask[3];
    for (;;) {
      try {
        await this.#inTurn(() => this.#rounds.call('withdraw', ask, rows));
        return;
      } catch (error) {
        if (!(error instanceof StoreError && error.retryable) || this.#closing.signal.aborted)
          throw new StoreError('broken', `A batch was accepted in part: ${errorMessage(error)}`, error);
      }
      // Closing wakes it, for one last try.
      await sleep(TAKE_BACK_AGAIN_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }
}

function askOf({ requests, idempotency }: NewBatch, start: number, replay?: ReplayAnswer): AcceptAsk {
  const [first] = requests;
  assert(first !== undefined, 'A batch has at least one request');
  const ask: [...AcceptAsk] = [
    first.callerId,
    replay?.token ?? first.token,
    replay?.firstSeq ?? first.seq,
    start,
    requests.length,
    idempotency?.key ?? null,
    idempotency?.fingerprint ?? null,
    idempotency?.expiresAtMs ?? 0,
    first.callbackUrl ?? null,
    replay !== undefined,
    first.keep?.expiresAtMs ?? null,
  ];
  const end = Math.min(start + PIECE_ROWS, requests.length);
  for (let i = start; i < end; i++) {
    const request = requests[i];
    if (request) ask.push(MODES.indexOf(request.mode), request.number, request.acceptedAtMs, request.ordinal);
  }
  return ask;
}

/** Joins the answers to the pieces of `batch`. */
function outcomeOf(answers: readonly PieceAnswer[], { requests }: NewBatch): AcceptOutcome {
  const replays = answers.filter(isReplay);
  if (replays.length > 0) {
    return {
      kind: 'replayed',
      requests: replays.flatMap(({ rows }) => rows.map(requestOfRow)),
      written: replays.flatMap(({ written }) => written),
    };
  }
  const known = requests.map((_, i): readonly Factor[] | undefined => {
    const piece = answers[Math.floor(i / PIECE_ROWS)];
    const factors = Array.isArray(piece) ? (piece as (string | null)[])[i % PIECE_ROWS] : null;
    return typeof factors === 'string' ? parseFactors(factors) : undefined;
  });
  return { kind: 'accepted', known };
}

function isReplay(answer: PieceAnswer): answer is ReplayAnswer {
  return typeof answer === 'object' && 'firstSeq' in answer;
}
