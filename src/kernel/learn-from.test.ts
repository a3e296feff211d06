import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JobRecord } from './job-chunk.ts';
import { learnFrom } from './learn-from.ts';
import { mergeParts, type Part, splitPart, untestedPart } from './part.ts';

const PRIMES = [3n, 3n, 5n, 7n, 11n, 11n, 13n];
const NUMBER = PRIMES.reduce((a, b) => a * b);

/** A log as a job writes it: the parts after each split, and curves in between. */
function logOf(order: readonly number[]): JobRecord[] {
  let parts = mergeParts([untestedPart(NUMBER, 1)]);
  const log: JobRecord[] = [];
  for (const [curves, at] of order.entries()) {
    const prime = PRIMES[at % PRIMES.length]!;
    const part = parts.find(({ value }) => value % prime === 0n && value > prime);
    if (!part) continue;
    log.push({ kind: 'curves', value: part.value, curves, shrinks: 0 });
    parts = splitPart(parts, { ...part, curves }, prime).filter((p) => p.value !== part.value);
    log.push({ kind: 'parts', parts });
  }
  return log;
}

const log = fc.array(fc.nat(6), { maxLength: 10 }).map(logOf);
const start: readonly Part[] = [untestedPart(NUMBER, 1)];
const replay = (records: readonly JobRecord[], from = start): readonly Part[] =>
  records.reduce((parts, record) => learnFrom(record, parts), from);
const pieces = (parts: readonly Part[]): number => parts.reduce((count, { exponent }) => count + exponent, 0);

test('reading a log twice teaches nothing more than once', () => {
  fc.assert(
    fc.property(log, (records) => assert.deepEqual(replay(records, replay(records)), replay(records))),
  );
});

test('a longer beginning of a log never teaches less', () => {
  fc.assert(
    fc.property(log, fc.nat(20), (records, length) => {
      assert.ok(pieces(replay(records.slice(0, length))) <= pieces(replay(records)));
    }),
  );
});

test('a record with an exponent that no memory could hold teaches nothing', () => {
  for (const exponent of [10_000, 2 ** 40, Number.MAX_SAFE_INTEGER])
    assert.equal(learnFrom({ kind: 'parts', parts: [untestedPart(3n, exponent)] }, start), start);
});

test('a record of another number teaches nothing', () => {
  const foreign: JobRecord = { kind: 'parts', parts: [untestedPart(2n, 5), untestedPart(17n, 3)] };
  assert.equal(learnFrom(foreign, start), start);
  assert.equal(learnFrom({ kind: 'curves', value: 17n, curves: 9, shrinks: 0 }, start), start);
});
