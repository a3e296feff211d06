/**
 * Which of the waiting requests are in memory. The store holds them all; of each caller only the first few are *loaded*, so
 * that memory does not grow with the backlog, and the next ones are read in pages as these few run out.
 *
 * Pure: it says what to read and what to load, and is told what happened. The life of a request here is
 * `admit` → `accepted` (durable) → `left` (ended, and that is durable), or `admit` → `left` if it never came to wait.
 *
 * Invariants, for each caller:
 *   B1. Every request that was accepted and has not left, with a sequence number up to `cursor`, is loaded. Those left to the
 *       store lie above it, so that the page after the cursor finds them.
 *   B2. While something may be left to the store (`behind`), nothing new is loaded but by pages, unless it is urgent or not
 *       above the cursor: so requests are loaded in their order. Where a window is full, the cursor goes back instead (a long batch
 *       becomes durable after requests that came later).
 *   B3. `behind` falls only when a page came short and nothing was left to the store while it was under way.
 *   B4. What is not accepted yet is never loaded by a page, though the store may hold it already (a long batch becomes durable
 *       in parts): the page is cut there, and the next one waits for `accepted`, which decides what becomes of it.
 *   B5. What left while a page was under way is not loaded by it.
 *   B6. What is adopted may lie anywhere among those in the store: from then on its caller's window is read again from the start.
 *   B7. A caller with something behind, nothing loaded, no page under way and none cut is in `hungry`.
 */
import { assert } from '../base/assert.ts';

/** A waiting request, as far as its place in the queue is concerned. */
export interface Queued {
  readonly callerId: string;
  /** Order of the queue of one caller. */
  readonly seq: number;
  /** The how-manieth of its caller since that had nothing waiting; ascends with `seq`, save for those queued again. */
  readonly ordinal: number;
}

/** To be read from the store: the caller's queued requests above `afterSeq`, ascending, at most `limit`. */
export interface Page {
  readonly callerId: string;
  readonly afterSeq: number;
  readonly limit: number;
}

export interface BacklogOptions {
  /** Requests in memory that the windows of all callers aim at together. Beyond twice as many, each has the least window. */
  readonly loadedMax: number;
  /** Bounds of one caller's window; the lower one prevails over `loadedMax`, since each caller must be present. */
  readonly pageMin: number;
  readonly pageMax: number;
}

interface Line {
  readonly callerId: string;
  /** Accepted and not left. */
  waiting: number;
  /** Admitted, and neither accepted nor left yet. */
  admitted: number;
  readonly loaded: Set<number>;
  nextOrdinal: number;
  cursor: number;
  /** No request left to the store has a lower ordinal, so that ordinals above it count those between. */
  cursorOrdinal: number;
  behind: boolean;
  /** Some were adopted: their ordinals tell nothing of the others. */
  mixed: boolean;
  page: PageUnderWay | undefined;
  /** The last page was cut (B4): the next would be too, until something admitted is settled. */
  cut: boolean;
}

interface PageUnderWay {
  readonly page: Page;
  /** The least sequence number left to the store meanwhile, which the page may miss; Infinity: none. */
  leftBehind: number;
  /** Those who left meanwhile. */
  readonly left: Set<number>;
}

/** Pages handed out by one call of `demand`, so that one read of the store stays short. */
const DEMAND_PAGES_MAX = 256;

export class Backlog {
  readonly #options: BacklogOptions;
  readonly #lines = new Map<string, Line>();
  readonly #admitted = new Set<number>();
  readonly #hungry = new Set<Line>();
  #total = 0;
  #loadedTotal = 0;

  constructor(options: BacklogOptions) {
    const { loadedMax, pageMin, pageMax } = options;
    assert(pageMin >= 1 && pageMin <= pageMax, `Windows must have 1 ≤ least ≤ most: ${pageMin}, ${pageMax}`);
    assert(loadedMax >= 1, `At least one request must fit into memory: ${loadedMax}`);
    this.#options = options;
  }

  /** At start: `count` requests of this caller wait in the store, none is loaded. */
  restore(callerId: string, count: number, ordinalMax: number): void {
    assert(!this.#lines.has(callerId), `Caller ${callerId} must be restored before anything else`);
    assert(count >= 1, `A caller is restored with the requests it has waiting: ${count}`);
    const line = this.#newLine(callerId);
    line.waiting = count;
    line.nextOrdinal = ordinalMax + 1;
    line.behind = true;
    this.#total += count;
    this.#updateHunger(line);
  }

  /** `count` requests of this caller came into the store from another one. They wait from now on, and none is loaded. */
  adopt(callerId: string, count: number): void {
    assert(count >= 1, `A caller's requests are adopted where there are some: ${count}`);
    const line = this.#lines.get(callerId) ?? this.#newLine(callerId);
    line.waiting += count;
    this.#total += count;
    line.cursor = -1;
    line.mixed = true;
    // A page under way was asked for beyond them.
    this.#leaveBehind(line, 0);
  }

  /** A request is about to be written to the store, or queued again; returns its ordinal. `accepted` or `left` must follow. */
  admit(callerId: string, seq: number): number {
    assert(!this.#admitted.has(seq), () => `Request ${seq} was admitted already`);
    const line = this.#lines.get(callerId) ?? this.#newLine(callerId);
    this.#admitted.add(seq);
    line.admitted++;
    return line.nextOrdinal++;
  }

  /**
   * It is durable and queued now. True: load it; false: it stays in the store until a page brings it, or is loaded already.
   * One that was never admitted in this run (written by an earlier one) is welcome.
   */
  accepted({ callerId, seq, ordinal }: Queued, urgent: boolean): boolean {
    const line = this.#lines.get(callerId) ?? this.#newLine(callerId);
    this.#settleAdmission(line, seq);
    line.waiting++;
    this.#total++;
    if (line.loaded.has(seq)) return false;
    const hasRoom = line.loaded.size < this.#window;
    if (hasRoom && !line.behind && seq > line.cursor) {
      line.cursor = seq;
      line.cursorOrdinal = ordinal;
    } else if (!urgent && !(hasRoom && seq <= line.cursor)) {
      line.cursor = Math.min(line.cursor, seq - 1);
      line.cursorOrdinal = Math.min(line.cursorOrdinal, ordinal - 1);
      this.#leaveBehind(line, seq);
      return false;
    }
    this.#load(line, seq);
    return true;
  }

  /**
   * It does not wait any more: its end is durable, or it never came to wait. Loaded or not. Also to be called where the end
   * turned out to have happened already, but once for each request.
   */
  left({ callerId, seq }: Queued): void {
    const line = this.#lines.get(callerId);
    if (line === undefined) return;
    line.page?.left.add(seq);
    if (!this.#settleAdmission(line, seq) && line.waiting > 0) {
      line.waiting--;
      this.#total--;
    }
    if (line.loaded.delete(seq)) this.#loadedTotal--;
    this.#updateHunger(line);
    this.#forgetIfEmpty(line);
  }

  /** It is about to end though it was not loaded (it is being cancelled): no page brings it any more. `left` must follow. */
  hold({ callerId, seq }: Queued): void {
    const line = this.#lines.get(callerId);
    if (line === undefined || line.loaded.has(seq)) return;
    this.#load(line, seq);
    this.#updateHunger(line);
  }

  /**
   * Its client no longer waits inline, and nothing runs for it. True: it stays loaded; false: it was loaded out of turn, so it
   * goes back to the store and a page brings it in its turn.
   */
  demoted({ callerId, seq }: Queued): boolean {
    const line = this.#lines.get(callerId);
    if (line === undefined || seq <= line.cursor || !line.loaded.delete(seq)) return true;
    this.#loadedTotal--;
    this.#leaveBehind(line, seq);
    return false;
  }

  /**
   * The pages to read now, those first whose callers ran low first; none that is under way already. Each must be answered by
   * `arrived` or `failed`. Ask again after `arrived`, `left` and `accepted`; costs as much as it returns.
   */
  demand(): Page[] {
    const pages: Page[] = [];
    for (const line of this.#hungry) {
      if (pages.length === DEMAND_PAGES_MAX) break;
      this.#hungry.delete(line);
      const limit = Math.max(this.#options.pageMin, this.#window - line.loaded.size);
      const page = { callerId: line.callerId, afterSeq: line.cursor, limit };
      line.page = { page, leftBehind: Infinity, left: new Set() };
      pages.push(page);
    }
    return pages;
  }

  /** The store's answer to a page; returns those of its rows that are to be loaded. */
  arrived<T extends Queued>(page: Page, rows: readonly T[]): T[] {
    const line = this.#lines.get(page.callerId);
    const underWay = line?.page;
    assert(line !== undefined && underWay?.page === page, `No page of caller ${page.callerId} is under way`);
    line.page = undefined;
    const end = rows.findIndex(({ seq }) => this.#admitted.has(seq));
    const usable = end === -1 ? rows : rows.slice(0, end);
    line.cut = end !== -1;
    const last = usable.at(-1);
    if (last !== undefined && last.seq > line.cursor) {
      line.cursor = Math.min(last.seq, underWay.leftBehind - 1);
      // Not the ordinal of the last row, which may have been queued again and then has a late one; nor where lower ones may be left.
      if (line.cursor === last.seq)
        line.cursorOrdinal =
          usable.reduce((least, { ordinal }) => Math.min(least, ordinal), Infinity) + usable.length - 1;
    }
    if (rows.length < page.limit && !line.cut && underWay.leftBehind === Infinity) line.behind = false;
    const fresh = usable.filter(({ seq }) => !line.loaded.has(seq) && !underWay.left.has(seq));
    for (const { seq } of fresh) this.#load(line, seq);
    this.#updateHunger(line);
    this.#forgetIfEmpty(line);
    return fresh;
  }

  /** The page could not be read; it will be asked for again. */
  failed(page: Page): void {
    const line = this.#lines.get(page.callerId);
    assert(line?.page?.page === page, `No page of caller ${page.callerId} is under way`);
    line.page = undefined;
    this.#updateHunger(line);
    this.#forgetIfEmpty(line);
  }

  /**
   * At most so many of its caller's requests go first, as far as ordinals tell (one queued again goes before its ordinal). After an
   * adoption they tell nothing until its caller has nothing waiting any more. Those that are being written count: a place in the queue
   * never gets worse.
   * Undefined if its caller has nothing present. O(its caller's window).
   */
  position({ callerId, seq, ordinal }: Queued): number | undefined {
    const line = this.#lines.get(callerId);
    const others = this.present(callerId) - 1;
    if (line === undefined || others < 0) return undefined;
    if (seq <= line.cursor) {
      let before = 0;
      for (const other of line.loaded) if (other < seq) before++;
      return before;
    }
    if (line.mixed) return others;
    // All up to the cursor that still wait are loaded; between it and this one there are at most as many as ordinals.
    const between = Math.max(0, ordinal - line.cursorOrdinal - 1);
    return Math.min(others, line.loaded.size - Number(line.loaded.has(seq)) + between);
  }

  /** Accepted and not left. */
  waiting(callerId: string): number {
    return this.#lines.get(callerId)?.waiting ?? 0;
  }

  /** Admitted and not left: those that wait, and those that are being written. */
  present(callerId: string): number {
    const line = this.#lines.get(callerId);
    return line === undefined ? 0 : line.waiting + line.admitted;
  }

  /** Accepted and not left, of all callers. */
  get total(): number {
    return this.#total;
  }

  get loaded(): number {
    return this.#loadedTotal;
  }

  /** Callers remembered: those with requests waiting, being admitted, or a page under way. */
  get callers(): number {
    return this.#lines.size;
  }

  /**
   * How many requests of one caller are loaded. Windows shrink as callers come, and those of the first ones are filled by then: so the
   * sum is bounded too.
   */
  get #window(): number {
    const { loadedMax, pageMin, pageMax } = this.#options;
    if (this.#loadedTotal >= 2 * loadedMax) return pageMin;
    return Math.min(pageMax, Math.max(pageMin, Math.floor(loadedMax / Math.max(1, this.#lines.size))));
  }

  #newLine(callerId: string): Line {
    const line: Line = {
      callerId,
      waiting: 0,
      admitted: 0,
      loaded: new Set(),
      nextOrdinal: 0,
      cursor: -1,
      cursorOrdinal: -1,
      behind: false,
      mixed: false,
      page: undefined,
      cut: false,
    };
    this.#lines.set(callerId, line);
    return line;
  }

  /** Whether the request had been admitted, and was neither accepted nor left. */
  #settleAdmission(line: Line, seq: number): boolean {
    if (!this.#admitted.delete(seq)) return false;
    line.admitted--;
    line.cut = false;
    this.#updateHunger(line);
    return true;
  }

  #load(line: Line, seq: number): void {
    line.loaded.add(seq);
    this.#loadedTotal++;
  }

  #leaveBehind(line: Line, seq: number): void {
    line.behind = true;
    if (line.page !== undefined) line.page.leftBehind = Math.min(line.page.leftBehind, seq);
    this.#updateHunger(line);
  }

  #updateHunger(line: Line): void {
    const mayAsk = line.behind && line.page === undefined && !line.cut;
    if (mayAsk && line.loaded.size <= this.#window / 2) this.#hungry.add(line);
    else this.#hungry.delete(line);
  }

  #forgetIfEmpty(line: Line): void {
    if (line.waiting > 0 || line.admitted > 0 || line.loaded.size > 0 || line.page !== undefined) return;
    this.#lines.delete(line.callerId);
    this.#hungry.delete(line);
  }
}
