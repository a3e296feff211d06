/**
 * What is still to be written of large batches, in the worker. A batch is accepted by one commit: its first requests are written by that,
 * and the others kept as they came, in pieces, each of which becomes requests in a commit of its own. So neither its client nor anybody
 * else waits for all of its rows.
 *
 * Invariant:
 *   R1. Each request of an accepted batch is either in `requests`, or was there, or is in a piece that is kept here.
 */
import type { Database } from './database.ts';
import type { RestKey, RestRow } from './operation.ts';
import { prepare, type Statement } from './statement.ts';

export class BatchRests {
  readonly #keep: Statement<never>;
  readonly #first: Statement<RestKey>;
  readonly #take: Statement<RestRow>;
  readonly #any: Statement<readonly [number]>;

  constructor({ db }: Pick<Database, 'db'>) {
    this.#keep = prepare(db, 'INSERT INTO batch_rests VALUES (?, ?, ?)');
    this.#first = prepare(db, 'SELECT first_seq, start FROM batch_rests ORDER BY first_seq, start LIMIT 1');
    this.#take = prepare(
      db,
      'DELETE FROM batch_rests WHERE first_seq = ? AND start = ? RETURNING first_seq, start, piece',
    );
    this.#any = prepare(db, 'SELECT 1 FROM batch_rests LIMIT 1');
  }

  /** Whether any piece is still to be written. */
  get areAny(): boolean {
    return this.#any.get() !== undefined;
  }

  keep(row: RestRow): void {
    this.#keep.run(...row);
  }

  /** A piece, which is about to be written; null: the first there is. Undefined: it is not kept. */
  take(key: RestKey | null): RestRow | undefined {
    const found = key ?? this.#first.get();
    return found && this.#take.get(...found);
  }
}
