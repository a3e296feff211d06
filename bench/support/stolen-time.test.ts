import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCpuTicks, readCpuTicks, stolenShare, tellStolen } from './stolen-time.ts';

const STAT = `cpu  100 20 30 400 5 0 6 39 7 8
cpu0 50 10 15 200 2 0 3 19 3 4
cpu1 50 10 15 200 3 0 3 20 4 4
intr 12345 0 9
`;

test('the counts of all processors are read, guests counted once', () => {
  assert.deepEqual(parseCpuTicks(STAT), { total: 600, stolen: 39 });
});

test('text without such counts tells nothing', () => {
  assert.equal(parseCpuTicks(''), undefined);
  assert.equal(parseCpuTicks('cpu0 50 10 15 200 2 0 3 19 3 4\n'), undefined);
  assert.equal(parseCpuTicks('cpu  100 20 30 400\n'), undefined);
});

test('the share is that of the time between two readings', () => {
  const before = { total: 1_000, stolen: 100 };
  assert.equal(stolenShare(before, { total: 1_200, stolen: 116 }), 0.08);
  assert.equal(stolenShare(before, before), 0);
  assert.equal(tellStolen(before, { total: 1_200, stolen: 116 }), 'the hypervisor took 8 % of the CPU time');
  assert.equal(tellStolen(undefined, before), undefined);
});

test('on Linux the counts of this machine can be read', { skip: process.platform !== 'linux' }, () => {
  const ticks = readCpuTicks();
  assert.ok(ticks && ticks.total > 0 && ticks.stolen >= 0 && ticks.stolen < ticks.total);
});
