/** The backlog under any order of events: what must hold whatever happens while pages are under way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { BacklogSimulation } from './backlog-simulation.ts';

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
      const simulation = new BacklogSimulation({ loadedMax: 8, pageMin: 2, pageMax: 4 });
      const { backlog, loaded, ended } = simulation;
      for (const { kind, caller, which, urgent } of steps) {
        const adopted = simulation.adopted.flatMap(({ rows }) => rows);
        const unreported = new Set([...simulation.unreported.map(({ row }) => row), ...adopted]);
        const known = simulation.rows.filter((row) => !unreported.has(row) && !ended.has(row.seq));
        const row = known[which % Math.max(1, known.length)];
        if (kind === 'admit') simulation.admit(`${caller}`);
        else if (kind === 'write') simulation.write(urgent, which % Math.max(1, simulation.unwritten.length));
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
        const simulation = new BacklogSimulation({ loadedMax: 4, pageMin: 2, pageMax: 4 });
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

test('a position is never understated, also behind a batch that is written after what came later', () => {
  const steps = fc.array(
    fc.record({ kind: fc.constantFrom('batch', 'single', 'work', 'page', 'written'), which: fc.nat() }),
    { maxLength: 60, size: 'max' },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const simulation = new BacklogSimulation({ loadedMax: 4, pageMin: 2, pageMax: 4 });
      const { backlog, loaded } = simulation;
      const report = (): void => {
        while (simulation.unreported.length > 0) simulation.report();
      };
      for (const { kind, which } of list) {
        if (kind === 'batch') {
          for (let i = 0; i < 6; i++) simulation.admit('a');
          simulation.write(false, simulation.unwritten.length - 6);
        } else if (kind === 'single') {
          simulation.admit('a');
          simulation.write(false, simulation.unwritten.length - 1);
        } else if (kind === 'written') {
          while (simulation.unwritten.length > 0) simulation.write(false);
        } else if (kind === 'page') {
          simulation.ask();
          simulation.read(0);
          // Some become durable while it is under way.
          if (which % 2 === 0) while (simulation.unwritten.length > 0) simulation.write(false);
          report();
          simulation.arrive(0, false);
        } else {
          const row = [...loaded.values()][which % Math.max(1, loaded.size)];
          if (row) simulation.end(row);
          while (simulation.ending.length > 0) simulation.settleEnd();
        }
        report();
        assert.ok(loaded.size <= 8, `${loaded.size} are loaded`);
        for (const [before, row] of simulation.rows.entries()) {
          const position = backlog.position(row);
          assert.ok(
            position !== undefined &&
              position >= before &&
              position < simulation.rows.length + simulation.unwritten.length,
            `${position} of the ${before}-th`,
          );
        }
      }
      simulation.drain();
    }),
    { numRuns: Number(process.env['FAIRSIEVE_TEST_RUNS'] ?? 300) },
  );
});
