/**
 * Accepts batches, on this side of the thread. One too large for a commit is accepted by its first piece, with which the others are
 * kept, and these are written afterwards, with other calls between them: nobody waits behind the whole of it, nor does its client.
 *
 * Invariants:
 *   B1. One piece is under way at a time, and callers take turns: a caller's own batches follow each other, others' do not wait
 *       for them. Nor does anybody behind a batch that waits for room.
 *   B2. The rows of batches that are not yet written are bounded, in all and by caller: a batch beyond that is refused.
 */
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { UnderWay } from '../../base/under-way.ts';
import { parseFactors, type Factor } from '../../domain/factorization.ts';
import { BATCH_NUMBERS_MAX, PIECE_ROWS } from '../../domain/limits.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import { MODES, type StoredRequest } from '../../domain/request.ts';
import { StoreError, type AcceptOutcome, type NewBatch } from '../store.ts';
import type { AcceptAnswer, AcceptAsk, PieceAnswer, RestKey, RestRow, WrittenRest } from './operation.ts';
import { requestOfRow } from './request-row.ts';
import type { RoundQueue } from './round-queue.ts';

/** Most rows of batches in pieces at a time. */
export const ROWS_UNDER_WAY_MAX = 60_000;
/** Of these, most rows of one caller: the largest batch and two behind it. */
export const CALLER_ROWS_MAX = 3 * BATCH_NUMBERS_MAX;
/** After this long, a piece that there was no room for is tried again. */
const WRITE_AGAIN_MS = 250;

/** The batches in pieces of one caller that are not yet written. */
interface Line {
  rows: number;
  /** When the next batch may begin. */
  free: Promise<unknown>;
}

export class BatchIntake {
  readonly #rounds: RoundQueue;
  readonly #clock: Pick<Clock, 'sleep'>;
  /** By caller; one without batches is not in it. */
  readonly #lines = new Map<string, Line>();
  readonly #underWay = new UnderWay();
  /** Aborts when nothing waits for room any more. */
  readonly #settling = new AbortController();
  #rowsUnderWay = 0;
  /** Requests that were left unwritten for want of room. */
  #left = 0;
  #lastPiece: Promise<unknown> = Promise.resolve();

  constructor(rounds: RoundQueue, clock: Pick<Clock, 'sleep'>) {
    this.#rounds = rounds;
    this.#clock = clock;
  }

  /** Resolves when it is accepted or refused. */
  async accept(batch: NewBatch): Promise<AcceptOutcome> {
    const [first] = batch.requests;
    assert(first !== undefined, 'A batch has at least one request');
    if (batch.requests.length <= PIECE_ROWS) return this.#outcomeOf(await this.#acceptFirst(batch), batch);
    const accepted = Promise.withResolvers<AcceptOutcome>();
    const written = this.#inLine(first.callerId, batch.requests.length, async (letPass) => {
      const answer = await this.#inTurn(() => this.#acceptFirst(batch));
      const outcome = await this.#outcomeOf(answer, batch);
      if (outcome.kind !== 'accepted') {
        accepted.resolve(outcome);
        return;
      }
      const known = this.#writeRests(batch, letPass);
      // Whoever does not look at it is told by `failed`, or by `settle`.
      known.catch(() => undefined);
      accepted.resolve({ ...outcome, rest: known });
      await known;
    });
    written.catch(accepted.reject);
    return accepted.promise;
  }

  /**
   * Writes what the last process that had this store had accepted and not written. Rejects with `full` where there is no room for that: since
   * acceptance leaves a reserve, the disk is then full of other things, and without it the store would not know all that it has accepted.
   */
  async writeLeft(): Promise<void> {
    while ((await this.#writeRest(null)) !== null);
  }

  /** Resolves when every batch so far is written, or left. */
  idle(): Promise<void> {
    return this.#underWay.idle();
  }

  /** From now on nothing waits for room: what has none is left to the next process. Resolves, when all is written or left, to how many requests are. */
  async settle(): Promise<number> {
    this.#settling.abort();
    await this.idle();
    return this.#left;
  }

  /** Tries again what was left, as far as there is room for it by now. */
  async writeAgain(): Promise<void> {
    if (this.#left === 0) return;
    try {
      await this.writeLeft();
      this.#left = 0;
    } catch (error) {
      if (!(error instanceof StoreError && error.retryable)) throw error;
    }
  }

  /**
   * Runs `work`, which is about a batch of `rows`, after the batches of the same caller. Those behind it begin when it is done, or calls
   * `letPass`.
   */
  async #inLine(callerId: string, rows: number, work: (letPass: () => void) => Promise<void>): Promise<void> {
    const line = this.#lines.get(callerId) ?? { rows: 0, free: Promise.resolve() };
    if (line.rows + rows > CALLER_ROWS_MAX || this.#rowsUnderWay + rows > ROWS_UNDER_WAY_MAX)
      throw new StoreError('busy', 'Too many large batches are arriving at once');
    this.#lines.set(callerId, line);
    line.rows += rows;
    this.#rowsUnderWay += rows;
    const passed = Promise.withResolvers<void>();
    const done = this.#underWay.add(line.free.then(() => work(passed.resolve)));
    line.free = Promise.race([passed.promise, done]).catch(() => undefined);
    try {
      await done;
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

  async #acceptFirst(batch: NewBatch): Promise<Exclude<AcceptAnswer, 'full'>> {
    const rests: RestRow[] = startsOf(batch).map((start) => {
      const ask = askOf(batch, start);
      return [ask[2], start, JSON.stringify(ask)];
    });
    const rows = Math.min(PIECE_ROWS, batch.requests.length) + rests.length;
    const answer = await this.#rounds.call('accept', [askOf(batch, 0), rests], rows);
    if (answer === 'full') throw new StoreError('full', 'There is no room for new requests');
    return answer;
  }

  /** Resolves to what is known of the requests behind the first piece, when all are written. */
  async #writeRests(batch: NewBatch, letPass: () => void): Promise<(readonly Factor[] | undefined)[]> {
    const { length } = batch.requests;
    const firstSeq = batch.requests[0]?.seq ?? 0;
    const known: (readonly Factor[] | undefined)[] = [];
    for (const start of startsOf(batch)) {
      const written = await this.#untilRoom([firstSeq, start], letPass);
      if (written === 'full') {
        this.#left += length - start;
        throw new StoreError(
          'full',
          `There is no room to write ${length - start} requests that are accepted`,
        );
      }
      const [, , answer] = written ?? [];
      known.push(...knownOf(answer ?? 'queued', Math.min(PIECE_ROWS, length - start)));
    }
    return known;
  }

  /** What was accepted is not refused for want of room any more: it waits, until `settle` has it tried a last time. */
  async #untilRoom(key: RestKey, letPass: () => void): Promise<WrittenRest | null | 'full'> {
    for (;;) {
      try {
        // Others have their turns while this one waits for room.
        return await this.#inTurn(() => this.#writeRest(key));
      } catch (error) {
        if (!(error instanceof StoreError && error.retryable)) throw error;
        if (this.#settling.signal.aborted) return 'full';
      }
      letPass();
      await this.#clock.sleep(WRITE_AGAIN_MS, this.#settling.signal);
    }
  }

  #writeRest(key: RestKey | null): Promise<WrittenRest | null> {
    return this.#rounds.call('writeRest', key, PIECE_ROWS);
  }

  async #outcomeOf(answer: Exclude<AcceptAnswer, 'full'>, { requests }: NewBatch): Promise<AcceptOutcome> {
    if (answer === 'conflict') return { kind: answer };
    if (typeof answer === 'object' && 'bytesMax' in answer) return { kind: 'crowded', ...answer };
    if (typeof answer === 'object' && 'firstSeq' in answer)
      return { kind: 'replayed', requests: await this.#stored(answer.firstSeq, requests.length) };
    return { kind: 'accepted', known: knownOf(answer, Math.min(PIECE_ROWS, requests.length)) };
  }

  /** Those of a batch that are there. */
  async #stored(firstSeq: number, count: number): Promise<StoredRequest[]> {
    const found: StoredRequest[] = [];
    for (let start = 0; start < count; start += PIECE_ROWS) {
      const seqs = Array.from(
        { length: Math.min(PIECE_ROWS, count - start) },
        (_, i) => firstSeq + (start + i) * SEQ_STRIDE,
      );
      // One piece after the other, with other calls between.
      for (const row of await this.#rounds.call('get', seqs, seqs.length))
        if (row) found.push(requestOfRow(row));
    }
    return found;
  }
}

/** Where the pieces behind the first one begin. */
function startsOf({ requests }: NewBatch): number[] {
  return Array.from({ length: Math.ceil(requests.length / PIECE_ROWS) - 1 }, (_, i) => (i + 1) * PIECE_ROWS);
}

function askOf({ requests, idempotency }: NewBatch, start: number): AcceptAsk {
  const [first] = requests;
  assert(first !== undefined, 'A batch has at least one request');
  const ask: [...AcceptAsk] = [
    first.callerId,
    first.token,
    first.seq,
    start,
    requests.length,
    idempotency?.key ?? null,
    idempotency?.fingerprint ?? null,
    idempotency?.expiresAtMs ?? 0,
    first.callbackUrl ?? null,
    first.keep?.expiresAtMs ?? null,
  ];
  const end = Math.min(start + PIECE_ROWS, requests.length);
  for (let i = start; i < end; i++) {
    const request = requests[i];
    if (request) ask.push(MODES.indexOf(request.mode), request.number, request.acceptedAtMs, request.ordinal);
  }
  return ask;
}

function knownOf(answer: PieceAnswer, rows: number): (readonly Factor[] | undefined)[] {
  return Array.from({ length: rows }, (_, i) => {
    const factors = answer === 'queued' ? null : answer[i];
    return typeof factors === 'string' ? parseFactors(factors) : undefined;
  });
}
