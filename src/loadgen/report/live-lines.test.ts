import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { LoadTick } from '../load-result.ts';
import { liveLines, logLine, sparkline } from './live-lines.ts';

const PLAN = { durationMs: 30_000, graceMs: 10_000 };
const TICK: LoadTick = {
  elapsedMs: 15_040,
  planned: 1_500,
  answered: 2_900,
  failed: 0,
  done: 1_490,
  wrong: 0,
  answeredPerSecond: 195,
  p50: 3.2,
  p99: 18,
  phase: 'load',
};

test('the lines say how far the load is and how it goes', () => {
  const [progress, counts, times] = liveLines(TICK, PLAN, [100, 200, 195], 80);
  assert.equal(progress, `  load  ${'━'.repeat(20)}${'┄'.repeat(20)}  15 s of 30 s`);
  assert.equal(counts, '  1,500 planned · 2,900 answered · 1,490 done');
  assert.equal(times, '  195/s  p50 3.20 ms  p99 18.0 ms  ▅██');
});

test('a bar that is full stands beside the whole time', () => {
  const [progress = ''] = liveLines({ ...TICK, elapsedMs: 1_990 }, { ...PLAN, durationMs: 2_000 }, [], 80);
  assert.match(progress, /━{40} {2}2 s of 2 s$/);
});

test('failures and wrong answers are shown as soon as there are any', () => {
  const bad = { ...TICK, failed: 3, wrong: 1 };
  assert.match(liveLines(bad, PLAN, [], 100)[1] ?? '', /3 FAILED · 1 WRONG$/);
  assert.match(logLine(bad, PLAN), /^15 s of 30 s, 2,900 answered, .*3 FAILED, 1 WRONG$/);
});

test('after the last arrival they say what is waited for, and for how long at most', () => {
  const resting = { ...TICK, elapsedMs: 32_000, phase: 'grace' as const };
  assert.match(liveLines(resting, PLAN, [], 80)[0] ?? '', /rest .*waiting for the rest, at most 10 s$/);
  assert.match(logLine(resting, PLAN), /^32 s, waiting for the rest, /);
});

test('where nothing was answered in the last second no latencies are claimed', () => {
  const silent = { ...TICK, answeredPerSecond: 0, p50: 0, p99: 0 };
  assert.equal(logLine(silent, PLAN), '15 s of 30 s, 2,900 answered, 1,490 done, 0/s');
  assert.equal(liveLines(silent, PLAN, [], 80)[2], '  0/s');
});

test('no line reaches the last column, so that none wraps', () => {
  const count = fc.nat({ max: 1e12 });
  const tick = fc.record({
    elapsedMs: fc.nat({ max: 1e9 }),
    planned: count,
    answered: count,
    failed: count,
    done: count,
    wrong: count,
    answeredPerSecond: fc.double({ min: 0, max: 1e7, noNaN: true }),
    p50: fc.double({ min: 0, max: 1e6, noNaN: true }),
    p99: fc.double({ min: 0, max: 1e6, noNaN: true }),
    phase: fc.constantFrom('load' as const, 'grace' as const),
  });
  fc.assert(
    fc.property(
      tick,
      fc.array(count, { maxLength: 150 }),
      fc.integer({ min: 0, max: 300 }),
      (one, rates, columns) => {
        const lines = liveLines(one, PLAN, rates, columns);
        assert.equal(lines.length, 3);
        for (const line of lines) assert.ok(line.length <= Math.max(0, columns - 1), line);
      },
    ),
  );
});

test('a sparkline is as high as its highest value', () => {
  assert.equal(sparkline([0, 50, 100]), '▁▅█');
  assert.equal(sparkline([0, 0]), '▁▁');
  assert.equal(sparkline([]), '');
});
