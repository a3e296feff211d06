/**
 * How much room there is, and who may take some of it.
 *
 * Acceptance stops early: a reserve is left for what must still be written for the work accepted, namely each queued request's
 * end and the logs of jobs. Logs stop next, at their share of the store or where half of the reserve is left, which is for
 * ends alone. Both open again by themselves when there is room.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { StoreStats } from '../store.ts';
import { PAGE_BYTES, type Database } from './database.ts';
import { prepare, type Statement } from './statement.ts';

const RESERVE_BYTES_MAX = 64 * 2 ** 20;
/** Share of the store that logs of jobs may have in all. */
const LOGS_SHARE = 1 / 4;
/** What the end of a request adds to its row and its indexes: factors and timeline, usually. */
const END_BYTES = 512;
/** The disk is asked no more often than this. */
const LOOK_EVERY_MS = 250;

export interface RoomOptions {
  readonly database: Database;
  readonly bytesMax: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

export class Room {
  readonly #database: Database;
  readonly #bytesMax: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #pageCount: Statement<readonly [number]>;
  readonly #freePages: Statement<readonly [number]>;
  #lookedAtMs = -Infinity;
  /** Bytes that may be in use at most, by the last look, and how many of them are the reserve. */
  #bytesEnd = 0;
  #reserve = 0;
  #logBytesMax = 0;
  #open = false;

  constructor({ database, bytesMax, clock }: RoomOptions) {
    this.#database = database;
    this.#bytesMax = bytesMax;
    this.#clock = clock;
    this.#pageCount = prepare(database.db, 'PRAGMA page_count');
    this.#freePages = prepare(database.db, 'PRAGMA freelist_count');
  }

  /** Whether `accept` may write, as of the last `look`. */
  get open(): boolean {
    return this.#open;
  }

  /** Looks anew; asks the disk only if the last time is a while ago. */
  look(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      this.#askDisk();
    }
    this.#open = this.#freeBytes > 0;
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
    this.#open = false;
  }

  stats(): Omit<StoreStats, 'lastSeq'> {
    this.#lookedAtMs = -Infinity;
    this.look();
    return { bytes: this.bytes, freeBytes: Math.max(0, this.#freeBytes), queued: this.#database.queued };
  }

  /** Bytes in use. The file may be larger, with room inside that is used again first. */
  get bytes(): number {
    return ((this.#pageCount.get()?.[0] ?? 0) - (this.#freePages.get()?.[0] ?? 0)) * PAGE_BYTES;
  }

  get #walBytes(): number {
    return fs.statSync(`${this.#database.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** What is neither in use, nor set aside for the ends of queued requests, nor the reserve; below 0 if these are too much. */
  get #freeBytes(): number {
    return this.#bytesEnd - this.#reserve - this.bytes - this.#database.queued * END_BYTES;
  }

  #askDisk(): void {
    const { file, walBytesMax } = this.#database;
    const { bsize, blocks, bavail } = fs.statfsSync(path.dirname(file));
    const limit = Math.min(this.#bytesMax, blocks * bsize);
    const fileBytes = fs.statSync(file).size;
    // What the WAL may still grow by, up to its bound, is spoken for; so is what it will add to the file when it is written back.
    const byDisk = fileBytes + bavail * bsize - Math.max(0, walBytesMax - this.#walBytes);
    const byLimit = this.#bytesMax - walBytesMax;
    this.#bytesEnd = Math.min(byDisk, byLimit);
    this.#reserve = Math.min(RESERVE_BYTES_MAX, limit / 10);
    this.#logBytesMax = limit * LOGS_SHARE;
  }
}
