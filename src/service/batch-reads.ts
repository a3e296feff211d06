/**
 * Reads of batches for whoever asks how they stand: a count while they are not done, and then all of their requests, piece by piece.
 *
 * Whoever asks for the same while it is under way shares it. Where the store has so much to do that it does not count in time, it is told
 * how far the batch was when last it was counted. Reading goes on when nobody can wait for it any longer, and what came of it
 * is kept a while for those who come back: so a batch is told in the end, however slow the store is. Only a few are read at a time.
 */
import type { Clock } from '../base/clock.ts';
import { RecentMap } from '../base/recent-map.ts';
import type { StoredRequest } from '../domain/request.ts';
import { StoreError, type BatchProgress } from '../store/store.ts';
import { READ_ROWS_MAX, type Lookups } from './lookups.ts';
import { batchSeqs, formatBatchId, type ValuesBatch } from './values-batch.ts';

export interface BatchReadsParts {
  readonly lookups: Pick<Lookups, 'progress' | 'storedAll'>;
  readonly clock: Clock;
  /** Ends reading that nobody waits for. */
  readonly closing: AbortSignal;
}

/** The requests of a batch, in order; undefined for those that are not there. */
export type BatchRequests = readonly (StoredRequest | undefined)[];

interface Reading {
  /** Resolves to undefined where it was given up. */
  readonly members: Promise<BatchRequests | undefined>;
  /** How many are waiting for it. */
  waiting: number;
}

/** Batches of which it is kept how far they were. */
const LAST_MAX = 2_000;
/** Batches that are read at a time; each may be some megabytes. */
const READINGS_MAX = 4;
/** What was read and nobody waited for is kept so long, in ms: a few times what clients are told to wait. */
const KEPT_MS = 10_000;
/** Batches that are kept so at a time. */
const KEPT_MAX = 4;
/** Pause after the store has refused a piece as busy, in ms. */
const RETRY_MS = 100;
/** Attempts at one piece. */
const ATTEMPTS_MAX = 20;

export class BatchReads {
  readonly #parts: BatchReadsParts;
  readonly #last = new RecentMap<string, BatchProgress>(LAST_MAX);
  readonly #counts = new Map<string, Promise<BatchProgress | undefined>>();
  readonly #readings = new Map<string, Reading>();
  /** Of readings that are over and were not told, the oldest first. */
  readonly #kept = new Set<string>();
  /** Readings under way, and those that wait for their turn. */
  #underWay = 0;
  readonly #turns: (() => void)[] = [];

  constructor(parts: BatchReadsParts) {
    this.#parts = parts;
  }

  /** A batch is here, and is so far: it was just accepted. */
  begun(batch: ValuesBatch, progress: BatchProgress): void {
    this.#last.set(formatBatchId(batch), progress);
  }

  /** How far it is, or was when last it was counted if the store does not tell by `untilMs`; undefined where a request of it is not here. */
  async progress(batch: ValuesBatch, untilMs: number): Promise<BatchProgress | undefined> {
    const id = formatBatchId(batch);
    const counting = this.#counts.get(id) ?? this.#count(id, batch);
    const last = this.#last.get(id);
    if (!last) return counting;
    try {
      return await this.#inTime(counting, untilMs, last);
    } catch (error) {
      if (isBusy(error)) return last;
      throw error;
    }
  }

  /** The requests of a batch of which `done` are done; undefined where they are not all read at `untilMs`, or when `signal` aborts. */
  async members(
    batch: ValuesBatch,
    done: number,
    untilMs: number,
    signal: AbortSignal,
  ): Promise<BatchRequests | undefined> {
    // One that has gone on since it was read is read again.
    const key = `${formatBatchId(batch)} ${done}`;
    const reading = this.#readings.get(key) ?? this.#begin(key, batch);
    reading.waiting++;
    try {
      const members = await this.#inTime(reading.members, untilMs, undefined, signal);
      if (members) this.#forget(key);
      return members;
    } finally {
      reading.waiting--;
    }
  }

  #count(id: string, batch: ValuesBatch): Promise<BatchProgress | undefined> {
    const count = async (): Promise<BatchProgress | undefined> => {
      try {
        const progress = await this.#parts.lookups.progress(batch);
        if (progress) this.#last.set(id, progress);
        else this.#last.delete(id);
        return progress;
      } finally {
        this.#counts.delete(id);
      }
    };
    const counting = count();
    this.#counts.set(id, counting);
    // Also where nobody waits for it any longer.
    counting.catch(() => undefined);
    return counting;
  }

  /** What `work` resolves to, or `otherwise` if that is not before `untilMs` or `signal` aborts first. */
  async #inTime<T, U>(work: Promise<T>, untilMs: number, otherwise: U, signal?: AbortSignal): Promise<T | U> {
    const { clock } = this.#parts;
    const over = new AbortController();
    const ending = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    const late = async (): Promise<U> => {
      await clock.sleep(Math.max(0, untilMs - clock.monotonicMs()), ending);
      return otherwise;
    };
    try {
      return await Promise.race([work, late()]);
    } finally {
      over.abort();
    }
  }

  #begin(key: string, batch: ValuesBatch): Reading {
    const isWanted = (): boolean => reading.waiting > 0;
    const reading: Reading = { members: this.#read(batch, isWanted), waiting: 0 };
    this.#readings.set(key, reading);
    reading.members.then(
      (members) => this.#over(key, reading, members),
      () => this.#forget(key),
    );
    return reading;
  }

  /** `isWanted`: whether somebody waits for it. One that nobody does when its turn comes is not begun. */
  async #read(batch: ValuesBatch, isWanted: () => boolean): Promise<BatchRequests | undefined> {
    await this.#turn();
    try {
      if (!isWanted()) return undefined;
      const seqs = batchSeqs(batch);
      const members: (StoredRequest | undefined)[] = [];
      for (let i = 0; i < seqs.length; i += READ_ROWS_MAX) {
        if (this.#parts.closing.aborted) return undefined;
        members.push(...(await this.#piece(seqs.slice(i, i + READ_ROWS_MAX))));
      }
      return members;
    } finally {
      const next = this.#turns.shift();
      if (next) next();
      else this.#underWay--;
    }
  }

  /** Resolves when one more may be read. */
  #turn(): Promise<void> {
    if (this.#underWay === READINGS_MAX) return new Promise((resolve) => this.#turns.push(resolve));
    this.#underWay++;
    return Promise.resolve();
  }

  async #piece(seqs: readonly number[]): Promise<BatchRequests> {
    const { lookups, clock, closing } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      try {
        return await lookups.storedAll(seqs);
      } catch (error) {
        if (!isBusy(error) || attempt === ATTEMPTS_MAX || closing.aborted) throw error;
        await clock.sleep(RETRY_MS, closing);
      }
    }
  }

  #over(key: string, reading: Reading, members: BatchRequests | undefined): void {
    if (!members || reading.waiting > 0 || this.#parts.closing.aborted) return this.#forget(key);
    this.#kept.add(key);
    const [oldest] = this.#kept;
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#forget(oldest);
    void this.#forgetLater(key, reading);
  }

  async #forgetLater(key: string, reading: Reading): Promise<void> {
    const { clock, closing } = this.#parts;
    await clock.sleep(KEPT_MS, closing);
    if (this.#readings.get(key) === reading) this.#forget(key);
  }

  #forget(key: string): void {
    this.#readings.delete(key);
    this.#kept.delete(key);
  }
}

/** Whether the store does not answer just now. */
function isBusy(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'busy';
}
