/**
 * What is still to be written of large batches, in the worker. A batch is accepted by one commit: its first requests are written by that,
 * and the others kept as they came, in pieces, each of which becomes requests in a commit of its own. So neither its client nor anybody
 * else waits for all of its rows.
 *
 * Invariants:
 *   R1. Each request of an accepted batch is either in `requests`, or was there, or is in a piece that is kept here.
 *   R2. `database.restBytes` is what the pieces that are kept will take as requests.
 */
import { PIECE_ROWS } from '../../domain/limits.ts';
import type { Database } from './database.ts';
import { ACCEPT_HEAD, ACCEPT_ROW, type AcceptAsk, type RestKey, type RestRow } from './operation.ts';
import { VALUES } from './request-row.ts';
import { END_BYTES } from './queued-bytes.ts';
import { prepare, type Statement } from './statement.ts';

/** What a request takes beside its texts: its other columns, and its places in indexes. */
const ROW_BYTES = 128;

/** What a piece is to make values of. */
interface Awaited {
  readonly callerId: string;
  readonly numbers: ReadonlySet<string>;
}

export class BatchRests {
  readonly #database: Database;
  readonly #keep: Statement<never>;
  readonly #first: Statement<RestKey>;
  readonly #take: Statement<RestRow>;
  readonly #any: Statement<readonly [number]>;
  readonly #all: Statement<RestRow>;
  /** By key of the piece; undefined until it is asked for. */
  #awaited: Map<string, Awaited> | undefined;

  constructor(database: Database) {
    const { db } = database;
    this.#database = database;
    this.#keep = prepare(db, 'INSERT INTO batch_rests VALUES (?, ?, ?)');
    this.#first = prepare(db, 'SELECT first_seq, start FROM batch_rests ORDER BY first_seq, start LIMIT 1');
    this.#take = prepare(
      db,
      'DELETE FROM batch_rests WHERE first_seq = ? AND start = ? RETURNING first_seq, start, piece',
    );
    this.#any = prepare(db, 'SELECT 1 FROM batch_rests LIMIT 1');
    this.#all = prepare(db, 'SELECT first_seq, start, piece FROM batch_rests');
    for (const row of this.#all.iterate()) database.restBytes += bytesAsRequests(askOf(row), row);
    database.onRollBack(() => (this.#awaited = undefined));
  }

  /** Whether any piece is still to be written. */
  get areAny(): boolean {
    return this.#any.get() !== undefined;
  }

  /** Whether a piece is to make a value of this number. */
  isAwaited(scope: string, number: string): boolean {
    this.#awaited ??= new Map(Array.from(this.#all.iterate(), (row) => [keyOf(row), awaitedBy(row)]));
    for (const { callerId, numbers } of this.#awaited.values())
      if ((scope === '' || scope === callerId) && numbers.has(number)) return true;
    return false;
  }

  /** `head`: the first piece of the batch. */
  keep(head: AcceptAsk, row: RestRow): void {
    this.#keep.run(...row);
    this.#database.restBytes += bytesAsRequests(head, row);
    this.#awaited?.set(keyOf(row), awaitedBy(row));
  }

  /** A piece, which is about to be written, with its key; null: the first there is. Undefined: it is not kept. */
  take(key: RestKey | null): readonly [...RestKey, AcceptAsk] | undefined {
    const found = key ?? this.#first.get();
    const row = found && this.#take.get(...found);
    if (!row) return undefined;
    const ask = askOf(row);
    this.#database.restBytes -= bytesAsRequests(ask, row);
    this.#awaited?.delete(keyOf(row));
    return [row[0], row[1], ask];
  }
}

/** About what the requests of a piece take once they are written, with what is set aside for their ends. `head`: any piece of its batch. */
export function bytesAsRequests(head: AcceptAsk, [, start, text]: RestRow): number {
  const [callerId, token, , , total, , , , callbackUrl] = head;
  const rows = Math.min(PIECE_ROWS, total - start);
  const rowBytes = ROW_BYTES + token.length + 3 * callerId.length + (callbackUrl?.length ?? 0);
  // What is to become a value is in an index by its number.
  const textBytes = text.length * (head[ACCEPT_HEAD] === VALUES ? 2 : 1);
  return textBytes + rows * (rowBytes + END_BYTES);
}

function awaitedBy(row: RestRow): Awaited {
  const ask = askOf(row);
  const numbers = new Set<string>();
  for (let i = ACCEPT_HEAD; i < ask.length; i += ACCEPT_ROW)
    if (ask[i] === VALUES) numbers.add(ask[i + 1] as string);
  return { callerId: ask[0], numbers };
}

function askOf([, , text]: RestRow): AcceptAsk {
  return JSON.parse(text) as AcceptAsk;
}

function keyOf([firstSeq, start]: RestRow): string {
  return `${firstSeq} ${start}`;
}
