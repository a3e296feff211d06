/**
 * How many requests are queued, and about what those of each caller take in the store, with what is set aside for their ends.
 *
 * To read the texts of all that are queued takes some seconds for each million, which a start has not: those that were there before count without.
 *
 * Invariant:
 *   Q1. A request counts for as much when it leaves the queue as when it came, or was found there: by its sequence number, its caller and
 *       its texts alone.
 */
import type { DatabaseSync } from 'node:sqlite';
import { Tally } from '../../base/tally.ts';
import { QUEUED, type QueuedRow } from './request-row.ts';
import { prepare } from './statement.ts';

/** What the end of a request adds to its row and its indexes: factors and timeline, usually. */
export const END_BYTES = 512;
/** What a request takes beside its texts: its other columns, and its places in indexes. */
const ROW_BYTES = 160;

export class QueuedBytes {
  readonly #bytes = new Tally();
  /** Those with later sequence numbers count with their texts. */
  readonly #lastSeqBefore: number;
  #count = 0;
  /** Since the transaction began: who changed by how much, and the count before it. */
  #changes: (readonly [callerId: string, bytes: number])[] = [];
  #countBefore = 0;

  /** One pass over the index of what is queued. */
  constructor(db: DatabaseSync) {
    this.#lastSeqBefore =
      prepare<readonly [number | null]>(db, 'SELECT max(seq) FROM requests').get()?.[0] ?? 0;
    const queued = prepare<readonly [callerId: string, count: number]>(
      db,
      `SELECT caller, count(*) FROM requests WHERE status = ${QUEUED} GROUP BY caller`,
    );
    for (const [callerId, count] of queued.iterate()) {
      this.#bytes.add(callerId, count * bytesWithoutTexts(callerId));
      this.#count += count;
    }
    this.begin();
  }

  /** Of all callers. */
  get count(): number {
    return this.#count;
  }

  /** About what the queued requests of a caller take. */
  of(callerId: string): number {
    return this.#bytes.of(callerId);
  }

  /** It is queued now. */
  joined(row: QueuedRow): void {
    this.#count++;
    this.#change(row.callerId, this.#bytesOf(row));
  }

  /** It was queued, and is not any more. */
  left(row: QueuedRow): void {
    this.#count--;
    this.#change(row.callerId, -this.#bytesOf(row));
  }

  /** A transaction begins. */
  begin(): void {
    this.#changes = [];
    this.#countBefore = this.#count;
  }

  /** Takes back what has changed since it began. */
  rollBack(): void {
    this.#count = this.#countBefore;
    for (const [callerId, bytes] of this.#changes) this.#bytes.add(callerId, -bytes);
    this.#changes = [];
  }

  #change(callerId: string, bytes: number): void {
    this.#bytes.add(callerId, bytes);
    this.#changes.push([callerId, bytes]);
  }

  #bytesOf({ seq, callerId, number, callbackUrl }: QueuedRow): number {
    const bytes = bytesWithoutTexts(callerId);
    // Numbers that are to become values are in an index too, so all count twice.
    return seq <= this.#lastSeqBefore ? bytes : bytes + 2 * number.length + (callbackUrl?.length ?? 0);
  }
}

function bytesWithoutTexts(callerId: string): number {
  return ROW_BYTES + END_BYTES + 3 * callerId.length;
}
