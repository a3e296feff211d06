import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HostLimits, RATE_MIN } from './host-limits.ts';
import { HOSTS_MAX } from './recent-hosts.ts';

test('a host has its own bound, all have one together, and an end makes room', () => {
  const limits = new HostLimits({ perHostMax: 2, totalMax: 3 });
  limits.begin('a', 0);
  limits.begin('a', 0);
  assert.deepEqual(limits.admission('a', 0), { kind: 'full', scope: 'host' });
  limits.begin('b', 0);
  assert.deepEqual(limits.admission('c', 0), { kind: 'full', scope: 'total' });
  assert.throws(() => limits.begin('c', 0), /may not begin/);
  limits.end('a');
  assert.equal(limits.total, 2);
  assert.equal(limits.admission('a', 0).kind, 'admitted');
  assert.equal(limits.admission('c', 0).kind, 'admitted');
});

test('an end without a beginning is a mistake of the program', () => {
  const limits = new HostLimits({ perHostMax: 2, totalMax: 3 });
  assert.throws(() => limits.end('a'), /No attempt/);
  limits.begin('a', 0);
  limits.end('a');
  assert.throws(() => limits.end('a'), /No attempt/);
});

test('a rate allows a burst of a second’s worth, then one after the other; other hosts have none', () => {
  const rateOf = (host: string): number | undefined => (host === 'a' ? 4 : undefined);
  const limits = new HostLimits({ perHostMax: 100, totalMax: 1_000, rateOf });
  for (let i = 0; i < 4; i++) limits.begin('a', 0);
  assert.deepEqual(limits.admission('a', 0), { kind: 'held', untilMs: 250 });
  assert.equal(limits.admission('a', 250).kind, 'admitted');
  limits.begin('a', 250);
  assert.deepEqual(limits.admission('a', 250), { kind: 'held', untilMs: 500 });
  for (let i = 0; i < 90; i++) limits.begin('b', 0);
});

test('a rate below one a second allows one at a time', () => {
  const limits = new HostLimits({ perHostMax: 9, totalMax: 9, rateOf: () => RATE_MIN });
  limits.begin('a', 0);
  assert.deepEqual(limits.admission('a', 1), { kind: 'held', untilMs: 100_000 });
  limits.begin('a', 100_000);
  assert.deepEqual(limits.admission('a', 100_001), { kind: 'held', untilMs: 200_000 });
});

test('in no stretch of time do more attempts begin than the rate and a burst allow', () => {
  const gaps = fc.array(fc.nat(2_000), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), gaps, (rate, gapsMs) => {
      const limits = new HostLimits({ perHostMax: 1e6, totalMax: 1e6, rateOf: () => rate });
      const begunMs: number[] = [];
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        for (let tries = 0; tries < 60; tries++) {
          const admission = limits.admission('a', nowMs);
          if (admission.kind !== 'admitted') break;
          limits.begin('a', nowMs);
          begunMs.push(nowMs);
        }
        const admission = limits.admission('a', nowMs);
        assert.ok(admission.kind === 'held' && admission.untilMs - nowMs <= 1_000 / rate + 1e-6);
      }
      for (const [i, fromMs] of begunMs.entries()) {
        const lastMs = begunMs.at(-1) ?? 0;
        assert.ok(begunMs.length - i <= (rate * (lastMs - fromMs)) / 1_000 + rate + 1e-6);
      }
    }),
  );
});

test('any sequence keeps both bounds, and when all have ended no host takes memory', () => {
  const host = fc.constantFrom('a', 'b', 'c');
  const step = fc.record({ host, begins: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limits = new HostLimits({ perHostMax: 3, totalMax: 5 });
      const running: Record<string, number> = { a: 0, b: 0, c: 0 };
      for (const { host: name, begins } of steps) {
        if (begins && limits.admission(name, 0).kind === 'admitted') {
          limits.begin(name, 0);
          running[name] = (running[name] ?? 0) + 1;
        } else if (!begins && (running[name] ?? 0) > 0) {
          limits.end(name);
          running[name] = (running[name] ?? 0) - 1;
        }
        const counts = Object.values(running);
        const total = counts.reduce((sum, count) => sum + count, 0);
        assert.ok(Math.max(...counts) <= 3 && total <= 5);
        assert.equal(limits.total, total);
        const full = total === 5 || running[name] === 3;
        assert.equal(limits.admission(name, 0).kind, full ? 'full' : 'admitted');
      }
      for (const [name, count] of Object.entries(running)) for (let i = 0; i < count; i++) limits.end(name);
      assert.equal(limits.size, 0);
    }),
  );
});

test('memory is bounded whatever hosts are named, and free again when they are idle', () => {
  const limits = new HostLimits({ perHostMax: 1, totalMax: 1, rateOf: () => 1 });
  for (let i = 0; i < HOSTS_MAX + 500; i++) {
    limits.begin(`host-${i}`, 0);
    limits.end(`host-${i}`);
  }
  assert.equal(limits.size, HOSTS_MAX);
  limits.forgetIdle(1e9);
  assert.equal(limits.size, 0);
});
