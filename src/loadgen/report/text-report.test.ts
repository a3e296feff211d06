import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from '../load-result.ts';
import {
  emptyResult,
  NOTHING_MEASURED,
  sampleCallers,
  sampleEndpoint,
  sampleResult,
} from './sample-result.ts';
import { textReport } from './text-report.ts';
import { verdictOf } from './verdict.ts';

function report(result: LoadResult): string {
  return textReport(result, verdictOf(result, []));
}

test('a good load reads from what was asked for to the verdict', () => {
  const lines = report(sampleResult()).split('\n');
  assert.deepEqual(lines.slice(0, 2), [
    'mixed · 100/s (open, poisson) for 30 s · 5 callers (one-hog) · 18–40 digits',
    'results by long-poll · at most 256 connections · seed 7 · run k3f9a',
  ]);
  assert.match(lines.join('\n'), /^ {2}POST \/sync +750 +750 +0 +0 +0$/m);
  assert.match(lines.join('\n'), /^ {2}callback, from accepted +750( +[\d.]+){7}$/m);
  assert.match(
    lines.join('\n'),
    /^fairness +Jain's index 0\.998 over 9\.00 s of CPU time\n {11}worst wait 640 ms \(load-1\)$/m,
  );
  assert.match(
    lines.join('\n'),
    /^generator +sending 0\.12 cores · receiving callbacks 0\.02 cores\n {11}lag p50 [\d.]+ ms · /m,
  );
  assert.equal(lines.at(-1), 'PASSED');
});

test('no line is wider than a usual terminal is, save what was asked for', () => {
  for (const line of report(sampleResult()).split('\n').slice(2)) assert.ok(line.length <= 84, line);
});

test('a wrong answer stands above everything else', () => {
  const lines = report(sampleResult({ wrong: 1, wrongExamples: ['15 is not 3 · 7'] })).split('\n');
  assert.match(lines[1] ?? '', /1 WRONG ANSWER$/);
  assert.match(lines[2] ?? '', /15 is not 3 · 7/);
  assert.equal(lines.at(-1), 'FAILED');
});

test('failures are told by endpoint and reason, most frequent first', () => {
  const failed = { 'connection reset': 2, '503 overloaded': 8 };
  const text = report(sampleResult({ endpoints: [sampleEndpoint({ failed })] }));
  assert.match(
    text,
    /Failures\n.*\n {2}POST \/sync: 503 overloaded +8\n {2}POST \/sync: connection reset +2\n/,
  );
});

test('of 200 callers the first and the last are shown, and how many are left out', () => {
  const text = report(sampleResult({ callers: sampleCallers(200) }));
  assert.match(text, /184 of 200 left out/);
  assert.equal(text.match(/^ {2}load-\d+ /gm)?.length, 16);
  assert.match(text, /^ {2}load-1 /m, 'the hog, who waited longest');
  assert.match(text, /^ {2}…$/m);
  const one = report(sampleResult({ callers: sampleCallers(1) }));
  assert.equal(one.match(/^ {2}load-\d+ /gm)?.length, 1);
  assert.doesNotMatch(one, /left out/);
});

test('callers that sent nothing are not shown, and waits are told as whole as the service tells them', () => {
  const [first, second] = sampleCallers(2);
  const silent = { ...second!, sent: 0, done: 0, waiting: NOTHING_MEASURED };
  const waiting = { ...first!.waiting, p50: 2.007, p99: 40.2, max: 41 };
  const text = report(sampleResult({ callers: [{ ...first!, waiting }, silent] }));
  assert.doesNotMatch(text, /load-2/);
  assert.match(text, /^ {2}load-1 .* 0 +2 +40 +41 /m);
});

test('a load that was never answered has dashes where there are no times', () => {
  const text = report(emptyResult());
  assert.match(text, /^ {2}POST \/sync +0( +–){7}$/m);
  assert.doesNotMatch(text, /NaN|Infinity|undefined/);
  assert.doesNotMatch(text, /Jain/, 'no fairness is claimed of what was not told');
});

test('caller ids and reasons cannot steer the terminal', () => {
  const callers = sampleCallers(1).map((caller) => ({ ...caller, callerId: 'a\u001b[2Jb\r\u202e' }));
  const endpoints = [sampleEndpoint({ failed: { '\u0007bell\nline': 1 } })];
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(report(sampleResult({ callers, endpoints })), /[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test('an interrupted load says how far it came, first and last', () => {
  const lines = report(sampleResult({ interrupted: true, elapsedMs: 4_000 })).split('\n');
  assert.match(lines[0] ?? '', / for 4 s of 30 s · /);
  assert.equal(lines.at(-1), 'INTERRUPTED');
});
