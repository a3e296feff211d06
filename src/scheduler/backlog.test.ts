import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Backlog, type Page, type Queued } from './backlog.ts';

const OPTIONS = { loadedMax: 65_536, pageMin: 4, pageMax: 512 };

/** The queued requests of a store, and what the service would do with it. */
class Simulation {
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

  constructor(options = OPTIONS) {
    this.backlog = new Backlog(options);
  }

  admit(callerId: string): void {
    const seq = ++this.#seq;
    this.unwritten.push({ callerId, seq, ordinal: this.backlog.admit(callerId, seq) });
  }

  write(urgent: boolean): void {
    const row = this.unwritten.shift();
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

const step = fc.record({
  kind: fc.constantFrom(
    ...([
      'admit',
      'admit',
      'admit',
      'write',
      'write',
      'report',
      'report',
      'withdraw',
      'work',
      'work',
      'cancel',
    ] as const),
    ...([
      'settleEnd',
      'settleEnd',
      'settleEnd',
      'settleEnd',
      'ask',
      'read',
      'arrive',
      'fail',
      'demote',
      'requeue',
      'adopt',
      'reportAdopted',
    ] as const),
  ),
  caller: fc.nat(2),
  which: fc.nat(),
  urgent: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});

test('loses and doubles no request, whatever happens while pages are under way', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const simulation = new Simulation({ loadedMax: 8, pageMin: 2, pageMax: 4 });
      const { backlog, loaded, ended } = simulation;
      for (const { kind, caller, which, urgent } of steps) {
        const adopted = simulation.adopted.flatMap(({ rows }) => rows);
        const unreported = new Set([...simulation.unreported.map(({ row }) => row), ...adopted]);
        const known = simulation.rows.filter((row) => !unreported.has(row) && !ended.has(row.seq));
        const row = known[which % Math.max(1, known.length)];
        if (kind === 'admit') simulation.admit(`${caller}`);
        else if (kind === 'write') simulation.write(urgent);
        else if (kind === 'report') simulation.report();
        else if (kind === 'withdraw') {
          const withdrawn = simulation.unwritten.shift();
          if (withdrawn) backlog.left(withdrawn);
        } else if (kind === 'work' || kind === 'cancel') {
          if (row && (kind === 'cancel' || loaded.has(row.seq))) simulation.end(row);
        } else if (kind === 'settleEnd') simulation.settleEnd();
        else if (kind === 'ask') simulation.ask();
        else if (kind === 'read') simulation.read(which);
        else if (kind === 'arrive' || kind === 'fail') simulation.arrive(which, kind === 'fail');
        else if (kind === 'adopt')
          simulation.adopt(
            `${caller}`,
            Array.from({ length: which % 6 }, (_, i) => (which * (i + 1)) % 40),
          );
        else if (kind === 'reportAdopted') simulation.reportAdopted();
        else if (kind === 'demote') {
          if (row && loaded.has(row.seq) && !backlog.demoted(row)) loaded.delete(row.seq);
        } else {
          // One that ended is queued again under its old number.
          const seq = [...ended].find((each) => !simulation.ending.some((e) => e.row.seq === each));
          if (seq === undefined || simulation.reading.length > 0) continue;
          ended.delete(seq);
          const callerId = `${caller}`;
          simulation.unwritten.push({ callerId, seq, ordinal: backlog.admit(callerId, seq) });
        }
        assert.equal(backlog.loaded, loaded.size);
      }
      simulation.drain();
      assert.equal(simulation.loaded.size, 0);
      assert.deepEqual([backlog.total, backlog.loaded, backlog.callers, backlog.demand()], [0, 0, 0, []]);
    }),
    { numRuns: Number(process.env['FAIRSIEVE_TEST_RUNS'] ?? 500) },
  );
});

test('requests of one caller are loaded in their order, and its position is never understated', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ kind: fc.constantFrom('add', 'add', 'work', 'cancel', 'page'), which: fc.nat() })),
      (steps) => {
        const simulation = new Simulation({ loadedMax: 4, pageMin: 2, pageMax: 4 });
        const { backlog, loaded } = simulation;
        for (const { kind, which } of steps) {
          if (kind === 'add') {
            simulation.admit('a');
            simulation.write(false);
            simulation.report();
          } else if (kind === 'page') {
            simulation.ask();
            simulation.read(0);
            simulation.arrive(0, false);
          } else {
            const from = kind === 'work' ? [...loaded.values()] : simulation.rows;
            const row = from[which % Math.max(1, from.length)];
            if (row) simulation.end(row);
            while (simulation.ending.length > 0) simulation.settleEnd();
          }
          const first = simulation.rows.slice(0, loaded.size).map(({ seq }) => seq);
          assert.deepEqual(
            [...loaded.keys()].toSorted((a, b) => a - b),
            first,
            'the first ones are loaded',
          );
          for (const [before, row] of simulation.rows.entries()) {
            const position = backlog.position(row);
            assert.ok(position !== undefined && position >= before && position < simulation.rows.length);
          }
        }
      },
    ),
  );
});

test('a position counts down as the requests before it end', () => {
  const simulation = new Simulation();
  for (let i = 0; i < 2000; i++) simulation.admit('a');
  while (simulation.unwritten.length > 0) simulation.write(false);
  while (simulation.unreported.length > 0) simulation.report();
  const last = simulation.rows.at(-1);
  assert.ok(last);
  assert.equal(simulation.backlog.position(last), 1999);
  for (const row of [...simulation.loaded.values()].slice(0, 300)) simulation.end(row);
  while (simulation.ending.length > 0) simulation.settleEnd();
  assert.equal(simulation.backlog.position(last), 1699);
});

test('of those that are written together, one that is not written yet has its place already', () => {
  const simulation = new Simulation();
  for (let i = 0; i < 700; i++) simulation.admit('a');
  const last = simulation.unwritten.at(-1);
  assert.ok(last);
  assert.equal(simulation.backlog.position(last), 699);
  for (let i = 0; i < 500; i++) simulation.write(false);
  while (simulation.unreported.length > 0) simulation.report();
  assert.equal(simulation.backlog.position(last), 699);
});

test('ordinals start again when a caller has nothing waiting, and go on after a restart', () => {
  const backlog = new Backlog(OPTIONS);
  assert.equal(backlog.admit('a', 1), 0);
  assert.equal(backlog.admit('a', 2), 1);
  for (const [ordinal, seq] of [1, 2].entries()) {
    backlog.accepted({ callerId: 'a', seq, ordinal }, false);
    backlog.left({ callerId: 'a', seq, ordinal });
  }
  assert.equal(backlog.admit('a', 3), 0);
  backlog.restore('b', 2, 70);
  assert.equal(backlog.admit('b', 4), 71);
});

const SMALL = { loadedMax: 4, pageMin: 2, pageMax: 4 };
const queued = (seq: number): Queued => ({ callerId: 'a', seq, ordinal: seq });

/** A caller with requests 1 to 5, of which 1 to 4 were loaded and have left: the page from 5 on is to be read. */
function lowOnWork(): Backlog {
  const backlog = new Backlog(SMALL);
  for (let seq = 1; seq <= 5; seq++) {
    backlog.admit('a', seq);
    assert.equal(backlog.accepted(queued(seq), false), seq <= 4);
  }
  return backlog;
}

function only(pages: readonly Page[]): Page {
  const [page] = pages;
  assert.ok(page && pages.length === 1);
  return page;
}

test('what the store holds but nobody was told yet is left alone by a page, and what lies behind it is not forgotten', () => {
  const backlog = lowOnWork();
  backlog.admit('a', 6);
  backlog.admit('a', 7);
  assert.equal(backlog.accepted(queued(7), false), false);
  for (let seq = 1; seq <= 4; seq++) backlog.left(queued(seq));
  const rows = [5, 6, 7].map(queued);
  assert.deepEqual(backlog.arrived(only(backlog.demand()), rows), rows.slice(0, 1));
  assert.deepEqual(backlog.demand(), [], 'there is nothing to read before 6 is settled');
  assert.equal(backlog.accepted(queued(6), false), false);
  assert.deepEqual(backlog.arrived(only(backlog.demand()), rows.slice(1)), rows.slice(1));
});

test('one that is queued again while a page is under way is found by the next, though it lies within the first', () => {
  const backlog = lowOnWork();
  backlog.admit('a', 7);
  backlog.accepted(queued(7), false);
  for (let seq = 1; seq <= 4; seq++) backlog.left(queued(seq));
  const page = only(backlog.demand());
  backlog.admit('a', 6);
  assert.equal(backlog.accepted(queued(6), false), false);
  const rows = [5, 7].map(queued);
  assert.deepEqual(backlog.arrived(page, rows), rows);
  const next = only(backlog.demand());
  assert.equal(next.afterSeq, 5);
  assert.deepEqual(backlog.arrived(next, [6, 7].map(queued)), [queued(6)]);
});

test('what is adopted is read in its turn, though it lies before what was read and a page is under way', () => {
  const backlog = lowOnWork();
  for (let seq = 1; seq <= 4; seq++) backlog.left(queued(seq));
  const page = only(backlog.demand());
  backlog.adopt('a', 2);
  assert.deepEqual(backlog.arrived(page, [queued(5)]), [queued(5)]);
  assert.equal(backlog.waiting('a'), 3);
  assert.equal(backlog.position(queued(2)), 2, 'it may be the last');
  const again = only(backlog.demand());
  assert.equal(again.afterSeq, -1);
  const rows = [2, 3, 5].map(queued);
  assert.deepEqual(backlog.arrived(again, rows), rows.slice(0, 2), 'what is loaded is passed over');
  assert.equal(backlog.position(queued(5)), 2);
});

test('whoever waits inline is loaded though its caller has a full window, and goes back when it waits no longer', () => {
  const simulation = new Simulation(SMALL);
  for (let i = 0; i < 20; i++) simulation.admit('a');
  while (simulation.unwritten.length > 0) simulation.write(simulation.unwritten.length === 1);
  while (simulation.unreported.length > 0) simulation.report();
  const urgent = simulation.rows.at(-1);
  assert.ok(urgent && simulation.loaded.has(urgent.seq));
  assert.equal(simulation.loaded.size, 5);
  assert.equal(simulation.backlog.demoted(urgent), false);
  simulation.loaded.delete(urgent.seq);
  simulation.drain();
  assert.equal(simulation.ended.size, 20);
});

for (const callers of [1, 10_000]) {
  test(`of a million requests of ${callers} callers few are in memory at any time, and all of them come to their turn`, () => {
    const backlog = new Backlog(OPTIONS);
    const count = 1_000_000 / callers;
    const next = new Map<string, number>();
    for (let i = 0; i < callers; i++) {
      backlog.restore(`${i}`, count, count - 1);
      next.set(`${i}`, 0);
    }
    let ended = 0;
    for (let pages = backlog.demand(); pages.length > 0; pages = backlog.demand()) {
      const loaded = pages.flatMap((page) => {
        const { callerId } = page;
        const from = next.get(callerId) ?? 0;
        const base = Number(callerId) * count;
        assert.equal(page.afterSeq, from === 0 ? -1 : base + from - 1, 'pages follow each other');
        const length = Math.min(page.limit, count - from);
        next.set(callerId, from + length);
        const rows = Array.from({ length }, (_, i) => ({
          callerId,
          seq: base + from + i,
          ordinal: from + i,
        }));
        return backlog.arrived(page, rows);
      });
      assert.ok(backlog.loaded <= OPTIONS.loadedMax, `${backlog.loaded} are loaded`);
      for (const row of loaded) backlog.left(row);
      ended += loaded.length;
    }
    assert.equal(ended, 1_000_000);
    assert.deepEqual([backlog.total, backlog.loaded, backlog.callers], [0, 0, 0]);
  });
}

test('callers who come one after the other, each with much, fill no more memory than those who were there together', () => {
  const backlog = new Backlog(OPTIONS);
  const perCaller = 100;
  for (let seq = 0; seq < 10_000 * perCaller; seq++) {
    const request = { callerId: `${Math.floor(seq / perCaller)}`, seq, ordinal: seq % perCaller };
    backlog.admit(request.callerId, seq);
    backlog.accepted(request, false);
    const pages = backlog.demand();
    for (const page of pages) {
      const first = Number(page.callerId) * perCaller;
      const from = Math.max(first, page.afterSeq + 1);
      const rows = Array.from({ length: Math.min(page.limit, seq + 1 - from) }, (_, i) => ({
        callerId: page.callerId,
        seq: from + i,
        ordinal: from + i - first,
      }));
      backlog.arrived(page, rows);
    }
  }
  const most = 2 * OPTIONS.loadedMax + 10_000 * OPTIONS.pageMin;
  assert.ok(backlog.loaded <= most, `${backlog.loaded} are loaded`);
  assert.equal(backlog.total, 10_000 * perCaller);
});
