/**
 * Accepts batches, on this side of the thread. One too large for a commit is accepted in pieces, one batch after another, with other
 * calls between the pieces, so that nobody waits behind the whole of it. If a piece finds no room, the earlier ones are taken back.
 */
import { errorMessage } from '../../base/error-message.ts';
import { assert } from '../../base/assert.ts';
import { parseFactors, type Factor } from '../../domain/factorization.ts';
import { MODES } from '../../domain/request.ts';
import { StoreError, type AcceptOutcome, type NewBatch } from '../store.ts';
import type { AcceptAnswer, AcceptAsk, ReplayAnswer } from './operation.ts';
import { requestOfRow } from './request-row.ts';
import type { RoundQueue } from './round-queue.ts';

/** Rows of a batch that go into one round; other calls have the rest of it. */
const PIECE_ROWS = 500;

/** What a piece that was accepted is answered with. */
type PieceAnswer = Exclude<AcceptAnswer, 'conflict' | 'full'>;

export class BatchIntake {
  readonly #rounds: RoundQueue;
  #lastInPieces: Promise<unknown> = Promise.resolve();

  constructor(rounds: RoundQueue) {
    this.#rounds = rounds;
  }

  accept(batch: NewBatch): Promise<AcceptOutcome> {
    if (batch.requests.length <= PIECE_ROWS) return this.#acceptWhole(batch);
    const accepted = this.#lastInPieces.then(() => this.#acceptInPieces(batch));
    this.#lastInPieces = accepted.catch(() => undefined);
    return accepted;
  }

  /** Resolves when every batch so far is accepted or refused. */
  async settled(): Promise<void> {
    await this.#lastInPieces;
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
        const answer = await this.#acceptPiece(batch, start, replay);
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

  /** Undoes the pieces before index `end`, as far as they were written by this call. */
  async #takeBack(
    { requests: [first], idempotency }: NewBatch,
    end: number,
    replay?: ReplayAnswer,
  ): Promise<void> {
    const from = replay?.before ?? 0;
    if (!first || from >= end) return;
    const ask = [first.callerId, idempotency?.key ?? null, replay?.firstSeq ?? first.seq, from, end] as const;
    try {
      await this.#rounds.call('withdraw', ask, end - from);
    } catch (error) {
      throw new StoreError('broken', `A batch was accepted in part: ${errorMessage(error)}`, error);
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
    replay !== undefined,
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
