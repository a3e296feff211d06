/**
 * How much room there is, and whether new requests may take some of it.
 *
 * Acceptance stops early: a reserve is left for what must still be written for the work accepted, namely each queued request's
 * end and the logs of jobs. It opens again by itself when there is room.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { StoreStats } from '../store.ts';
import { PAGE_BYTES, type Database } from './database.ts';
import { prepare, type Statement } from './statement.ts';

const RESERVE_BYTES_MAX = 64 * 2 ** 20;
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
  /** Bytes in use up to which requests are accepted, by the last look. */
  #acceptBelow = 0;
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
      this.#acceptBelow = this.#askDisk();
    }
    this.#open = this.#takenBytes() < this.#acceptBelow;
  }

  /** A write was refused for want of room: nothing is accepted until the next look at the disk. */
  shut(): void {
    this.#acceptBelow = 0;
    this.#open = false;
  }

  stats(): Omit<StoreStats, 'lastSeq'> {
    this.#lookedAtMs = -Infinity;
    this.look();
    const freeBytes = Math.max(0, this.#acceptBelow - this.#takenBytes());
    return { bytes: this.bytes, freeBytes, queued: this.#database.queued };
  }

  /** Bytes in use. The file may be larger, with room inside that is used again first. */
  get bytes(): number {
    return ((this.#pageCount.get()?.[0] ?? 0) - (this.#freePages.get()?.[0] ?? 0)) * PAGE_BYTES;
  }

  get #walBytes(): number {
    return fs.statSync(`${this.#database.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Bytes in use, with those that queued requests will still need. */
  #takenBytes(): number {
    return this.bytes + this.#database.queued * END_BYTES;
  }

  #askDisk(): number {
    const { file, walBytesMax } = this.#database;
    const { bsize, blocks, bavail } = fs.statfsSync(path.dirname(file));
    const limit = Math.min(this.#bytesMax, blocks * bsize);
    const reserve = Math.min(RESERVE_BYTES_MAX, limit / 10);
    const fileBytes = fs.statSync(file).size;
    // What the WAL may still grow by, up to its bound, is spoken for; so is what it will add to the file when it is written back.
    const byDisk = fileBytes + bavail * bsize - Math.max(0, walBytesMax - this.#walBytes);
    const byLimit = this.#bytesMax - walBytesMax;
    return Math.min(byDisk, byLimit) - reserve;
  }
}
