/**
 * How much room there is, and who may take some of it.
 *
 * Acceptance stops early: a reserve is left for what must still be written for the work accepted, namely each queued request's
 * end and the logs of jobs; and for what is accepted and not written yet. Logs stop next, at their share of the store or where half of the reserve is left, which is for
 * ends alone. Both open again by themselves when there is room.
 */
import type { Clock } from '../../base/clock.ts';
import type { StoreStats } from '../store.ts';
import { PAGE_BYTES, type Database } from './database.ts';
import { END_BYTES } from './queued-bytes.ts';
import { prepare, type Statement } from './statement.ts';

const RESERVE_BYTES_MAX = 64 * 2 ** 20;
/** Share of the store that logs of jobs may have in all. */
const LOGS_SHARE = 1 / 4;
/** The disk is asked no more often than this. */
const LOOK_EVERY_MS = 250;

/** How large the store may become. */
export interface Extent {
  /** Bytes that may be in use at most, for now. */
  readonly bytesEnd: number;
  /** The whole of which the reserve and the logs have their shares; it changes rarely. */
  readonly size: number;
}

export interface RoomOptions {
  readonly database: Database;
  /** Asks the disk, or whatever it is that fills up; `bytes` are in use. */
  readonly extent: (bytes: number) => Extent;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

export class Room {
  readonly #database: Database;
  readonly #extent: (bytes: number) => Extent;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #pageCount: Statement<readonly [number]>;
  readonly #freePages: Statement<readonly [number]>;
  #lookedAtMs = -Infinity;
  /** Bytes that may be in use at most, by the last look, and how many of them are the reserve. */
  #bytesEnd = 0;
  #reserve = 0;
  #logBytesMax = 0;
  /** By the last look. */
  #free = 0;

  constructor({ database, extent, clock }: RoomOptions) {
    this.#database = database;
    this.#extent = extent;
    this.#clock = clock;
    this.#pageCount = prepare(database.db, 'PRAGMA page_count');
    this.#freePages = prepare(database.db, 'PRAGMA freelist_count');
  }

  /** Whether `accept` may write, as of the last `look`. */
  get open(): boolean {
    return this.#free > 0;
  }

  /** Whether `accept` may write so many bytes, as of the last `look`. */
  hasRoomFor(bytes: number): boolean {
    return this.open && bytes <= this.#freeBytes;
  }

  /**
   * How many bytes a caller's queued requests may take, where they take more; as of the last `look`. Nothing but their ends deletes
   * them, so nobody may fill the store with them: of the room that is left to a caller it has half, thus as much as stays free. What was let in at once, in a
   * call or a round, may go beyond.
   */
  exceededShare(callerId: string): number | undefined {
    const own = this.#database.queue.of(callerId);
    return own > this.#free ? Math.floor((own + this.#free) / 2) : undefined;
  }

  /** Looks anew; asks the disk only if the last time is a while ago. */
  look(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      this.#measure();
    }
    this.#free = this.#freeBytes;
  }

  /** Whether the logs of jobs may take so many bytes more, as of the last `look`. */
  hasRoomForLog(bytes: number): boolean {
    return (
      this.#database.logBytes + bytes <= this.#logBytesMax && bytes <= this.#freeBytes + this.#reserve / 2
    );
  }

  /** A write was refused for want of room: nothing is accepted until the next look at the disk. */
  shut(): void {
    this.#bytesEnd = 0;
    this.#free = 0;
  }

  stats(): Omit<StoreStats, 'lastSeq'> {
    this.#lookedAtMs = -Infinity;
    this.look();
    return { bytes: this.bytes, freeBytes: Math.max(0, this.#freeBytes), queued: this.#database.queue.count };
  }

  /** Bytes in use. The file may be larger, with room inside that is used again first. */
  get bytes(): number {
    return ((this.#pageCount.get()?.[0] ?? 0) - (this.#freePages.get()?.[0] ?? 0)) * PAGE_BYTES;
  }

  /** What is neither in use, nor set aside for the ends of queued requests and for the rests of batches, nor the reserve; below 0 if these are too much. */
  get #freeBytes(): number {
    const { queue, restBytes } = this.#database;
    return this.#bytesEnd - this.#reserve - this.bytes - queue.count * END_BYTES - restBytes;
  }

  #measure(): void {
    const { bytesEnd, size } = this.#extent(this.bytes);
    this.#bytesEnd = bytesEnd;
    this.#reserve = Math.min(RESERVE_BYTES_MAX, size / 10);
    this.#logBytesMax = size * LOGS_SHARE;
  }
}
