import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BacklogSimulation } from './backlog-simulation.ts';
import { Backlog, type Page, type Queued } from './backlog.ts';

const OPTIONS = { loadedMax: 65_536, pageMin: 4, pageMax: 512 };

test('a position counts down as the requests before it end', () => {
  const simulation = new BacklogSimulation(OPTIONS);
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

test('a request that is durable before the long batch in front of it does not bring that into memory', () => {
  const simulation = new BacklogSimulation(OPTIONS);
  const { backlog, loaded } = simulation;
  for (let i = 0; i < 2_000; i++) simulation.admit('a');
  for (let i = 0; i < 500; i++) simulation.write(false);
  while (simulation.unreported.length > 0) simulation.report();
  simulation.admit('a');
  simulation.write(false, simulation.unwritten.length - 1);
  simulation.report();
  while (simulation.unwritten.length > 0) simulation.write(false);
  while (simulation.unreported.length > 0) simulation.report();
  assert.ok(loaded.size <= OPTIONS.pageMax, `${loaded.size} are loaded`);
  const last = simulation.rows.at(-1);
  assert.equal(last && backlog.position(last), 2_000);
  simulation.drain();
  assert.equal(simulation.ended.size, 2_001);
});

test('of those that are written together, one that is not written yet has its place already', () => {
  const simulation = new BacklogSimulation(OPTIONS);
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
  const simulation = new BacklogSimulation(SMALL);
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
