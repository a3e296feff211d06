/** For tests only: the queued requests of a store, and what the service would do with its backlog. */
import assert from 'node:assert/strict';
import { Backlog, type BacklogOptions, type Page, type Queued } from './backlog.ts';

export class BacklogSimulation {
  readonly backlog: Backlog;
  /** Queued rows, ascending. */
  rows: Queued[] = [];
  /** Being written, and not known to the store yet. */
  unwritten: Queued[] = [];
  /** In the store, and not reported as accepted yet. */
  unreported: { row: Queued; urgent: boolean }[] = [];
  /** Ended in memory, in the store, or in both, and not reported as left yet. */
  ending: { row: Queued; stored: boolean }[] = [];
  /** What is in memory. */
  readonly loaded = new Map<number, Queued>();
  readonly reading: { page: Page; rows: readonly Queued[] | undefined }[] = [];
  readonly ended = new Set<number>();
  /** Adopted by the store, and not reported yet. */
  readonly adopted: { callerId: string; rows: readonly Queued[] }[] = [];
  accepted = 0;
  #adopted = 0;
  #seq = 0;

  constructor(options: BacklogOptions) {
    this.backlog = new Backlog(options);
  }

  admit(callerId: string): void {
    const seq = ++this.#seq;
    this.unwritten.push({ callerId, seq, ordinal: this.backlog.admit(callerId, seq) });
  }

  /** Writes the `which`-th of those that are not: a batch may be written after what came later. */
  write(urgent: boolean, which = 0): void {
    const [row] = this.unwritten.splice(which, 1);
    if (!row) return;
    this.rows = [...this.rows, row].toSorted((a, b) => a.seq - b.seq);
    this.unreported.push({ row, urgent });
  }

  report(): void {
    const next = this.unreported.shift();
    if (!next) return;
    this.accepted++;
    if (this.backlog.accepted(next.row, next.urgent)) this.load(next.row);
  }

  /** Requests with numbers among those that are here come into the store, and are reported later. */
  adopt(callerId: string, numbers: readonly number[]): void {
    const rows = numbers.map((number) => ({ callerId, seq: number + ++this.#adopted / 2 ** 20, ordinal: 0 }));
    this.rows = [...this.rows, ...rows].toSorted((a, b) => a.seq - b.seq);
    if (rows.length > 0) this.adopted.push({ callerId, rows });
  }

  reportAdopted(): void {
    const next = this.adopted.shift();
    if (next) this.backlog.adopt(next.callerId, next.rows.length);
  }

  load(row: Queued): void {
    assert.ok(!this.loaded.has(row.seq), `${row.seq} is loaded twice`);
    assert.ok(!this.ended.has(row.seq), `${row.seq} has ended and is loaded again`);
    this.loaded.set(row.seq, row);
  }

  /** Ends a request that was reported, loaded or not. */
  end(row: Queued): void {
    this.ended.add(row.seq);
    this.backlog.hold(row);
    this.loaded.set(row.seq, row);
    this.ending.push({ row, stored: false });
  }

  /** The end of the oldest ending one is written, then reported. */
  settleEnd(): void {
    const next = this.ending.find(({ stored }) => !stored) ?? this.ending[0];
    if (!next) return;
    if (!next.stored) {
      next.stored = true;
      this.rows = this.rows.filter((row) => row !== next.row);
      return;
    }
    this.ending = this.ending.filter((other) => other !== next);
    this.loaded.delete(next.row.seq);
    this.backlog.left(next.row);
  }

  ask(): void {
    for (const page of this.backlog.demand()) {
      assert.ok(
        !this.reading.some((other) => other.page.callerId === page.callerId),
        'one page for each caller',
      );
      this.reading.push({ page, rows: undefined });
    }
  }

  read(which: number): void {
    const reading = this.reading[which % Math.max(1, this.reading.length)];
    if (!reading) return;
    const { callerId, afterSeq, limit } = reading.page;
    reading.rows ??= this.rows
      .filter((row) => row.callerId === callerId && row.seq > afterSeq)
      .slice(0, limit);
  }

  arrive(which: number, fails: boolean): void {
    const read = this.reading.filter(({ rows }) => rows !== undefined);
    const reading = read[which % Math.max(1, read.length)];
    if (!reading?.rows) return;
    this.reading.splice(this.reading.indexOf(reading), 1);
    if (fails) this.backlog.failed(reading.page);
    else for (const row of this.backlog.arrived(reading.page, reading.rows)) this.load(row);
  }

  /** Reads and works until nothing is left. */
  drain(): void {
    for (let round = 0; ; round++) {
      assert.ok(round < 10_000, `${this.rows.length} requests are lost`);
      while (this.unwritten.length > 0) this.write(false);
      while (this.unreported.length > 0) this.report();
      while (this.adopted.length > 0) this.reportAdopted();
      while (this.ending.length > 0) this.settleEnd();
      this.ask();
      while (this.reading.length > 0) {
        this.read(0);
        this.arrive(0, false);
      }
      if (this.rows.length === 0) break;
      for (const row of this.loaded.values()) this.end(row);
    }
  }
}
