import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WriteStream } from 'node:tty';
import { ManualClock } from '../base/manual-clock.ts';
import type { LoadTick } from '../loadgen/load-result.ts';
import { LoadView } from './load-view.ts';

const PLAN = { durationMs: 30_000, graceMs: 10_000 };

function tick(elapsedMs: number): LoadTick {
  const counts = { planned: 10, answered: 9, failed: 0, done: 8, wrong: 0 };
  return { elapsedMs, ...counts, answeredPerSecond: 50, p50: 1, p99: 2, phase: 'load' };
}

/** What is written to it, and all that a view needs of a stream. */
function fakeStream(isTTY: boolean): { readonly stream: WriteStream; readonly written: string[] } {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) > 0 };
  return { stream: stream as unknown as WriteStream, written };
}

test('on a terminal three lines are written over, and taken away at the end', () => {
  const { stream, written } = fakeStream(true);
  const view = new LoadView(stream, PLAN, new ManualClock());
  view.update(tick(250));
  view.update(tick(500));
  view.clear();
  view.clear();
  assert.equal(written.length, 3);
  assert.match(written[0] ?? '', /^\r {2}load /);
  assert.equal(written[0]?.split('\n').length, 3);
  assert.ok(written[1]?.startsWith('\r\u001b[2A'), 'from the first of the three lines on');
  assert.equal(written[2], '\r\u001b[2A\u001b[J');
});

test('elsewhere a plain line comes every five seconds, however often the view is told', () => {
  const { stream, written } = fakeStream(false);
  const view = new LoadView(stream, PLAN, new ManualClock());
  for (let ms = 250; ms <= 11_000; ms += 250) view.update(tick(ms));
  view.clear();
  assert.deepEqual(written, [
    '5 s of 30 s, 9 answered, 8 done, 50/s, p50 1.00 ms, p99 2.00 ms\n',
    '10 s of 30 s, 9 answered, 8 done, 50/s, p50 1.00 ms, p99 2.00 ms\n',
  ]);
});

test('before a load, a terminal shows each step in one place, and gives it to the load', () => {
  const { stream, written } = fakeStream(true);
  const view = new LoadView(stream, PLAN, new ManualClock());
  view.prepare({ name: 'numbers', done: 1, of: 12 });
  view.prepare({ name: 'threads', done: 0, of: 1 });
  view.update(tick(250));
  assert.equal(written[0], '\r  making numbers: 1 of 12\u001b[K');
  assert.equal(written[1], '\r  starting threads\u001b[K');
  assert.match(written[2] ?? '', /^\r {2}load /);
});

test('elsewhere a step is told when nothing was for five seconds', async () => {
  const { stream, written } = fakeStream(false);
  const clock = new ManualClock();
  const view = new LoadView(stream, PLAN, clock);
  for (let ready = 0; ready <= 64; ready++) {
    view.prepare({ name: 'threads', done: ready, of: 64 });
    await clock.advance(200);
  }
  assert.deepEqual(written, ['starting threads: 25 of 64\n', 'starting threads: 50 of 64\n']);
});
