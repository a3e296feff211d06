import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { HostHealth } from './attempt-outcome.ts';
import {
  ATTEMPTS_MIN,
  type BreakerPass,
  CALM_MS,
  HostBreaker,
  OPEN_MS_MAX,
  OPEN_MS_MIN,
  PROBE_MS_MAX,
  SLOW_MS_MAX,
  SLOW_MS_MIN,
  WINDOW_MS,
} from './host-breaker.ts';
import { HOSTS_MAX } from './recent-hosts.ts';

/** A breaker with attempts that take no time. */
class Trial {
  readonly breaker = new HostBreaker();
  nowMs = 1_000_000;

  ended(...healths: readonly HostHealth[]): void {
    for (const health of healths)
      this.breaker.end(this.breaker.begin('host', this.nowMs), health, this.nowMs);
  }

  get admission() {
    return this.breaker.admission('host', this.nowMs);
  }

  /** For how long no attempt may begin; 0 if one may now. */
  get heldMs(): number {
    const { admission } = this;
    return admission.kind === 'held' ? admission.untilMs - this.nowMs : 0;
  }

  /** Waits until an attempt may begin. */
  wait(): void {
    this.nowMs += this.heldMs;
  }
}

function times(count: number, health: HostHealth): HostHealth[] {
  return Array.from({ length: count }, () => health);
}

test('nine failures are too few to judge by, the tenth opens', () => {
  const trial = new Trial();
  trial.ended(...times(ATTEMPTS_MIN - 1, 'unwell'));
  assert.equal(trial.heldMs, 0);
  trial.ended('unwell');
  assert.deepEqual(trial.admission, { kind: 'held', untilMs: trial.nowMs + OPEN_MS_MIN, why: 'open' });
  assert.equal(trial.breaker.admission('another', trial.nowMs).kind, 'admitted');
});

test('it opens when half of the attempts fail, and not when fewer do', () => {
  const trial = new Trial();
  trial.ended(...times(20, 'well'), ...times(19, 'unwell'));
  assert.equal(trial.heldMs, 0);
  trial.ended('unwell');
  assert.equal(trial.heldMs, OPEN_MS_MIN);
});

test('failures of long ago do not count, nor do attempts that asked nobody', () => {
  const trial = new Trial();
  trial.ended(...times(9, 'unwell'));
  trial.nowMs += WINDOW_MS;
  trial.ended(...times(9, 'unwell'), ...times(50, 'unknown'));
  assert.equal(trial.heldMs, 0);
});

test('failures spread over the window count together', () => {
  const trial = new Trial();
  for (let i = 0; i < ATTEMPTS_MIN; i++) {
    assert.equal(trial.heldMs, 0);
    trial.nowMs += (0.9 * WINDOW_MS) / ATTEMPTS_MIN;
    trial.ended('unwell');
  }
  assert.equal(trial.heldMs, OPEN_MS_MIN);
});

test('a success is no occasion to open', () => {
  const trial = new Trial();
  trial.ended(...times(9, 'unwell'), 'well');
  assert.equal(trial.heldMs, 0);
  trial.ended('unwell');
  assert.equal(trial.heldMs, OPEN_MS_MIN);
});

test('after the time open one probe goes at a time; a good one closes it, a bad one opens it for twice as long', () => {
  const trial = new Trial();
  trial.ended(...times(10, 'unwell'));
  trial.wait();
  const bad = trial.breaker.begin('host', trial.nowMs);
  assert.equal(bad.isProbe, true);
  assert.equal(trial.admission.kind === 'held' && trial.admission.why, 'probing');
  trial.breaker.end(bad, 'unwell', trial.nowMs + 5);
  trial.nowMs += 5;
  assert.equal(trial.heldMs, 2 * OPEN_MS_MIN);
  trial.wait();
  trial.ended('well');
  assert.equal(trial.admission.kind, 'admitted');
  // What was before is forgotten: nine more failures are too few again.
  trial.ended(...times(9, 'unwell'));
  assert.equal(trial.admission.kind, 'admitted');
});

test('the time open doubles with openings in a row up to a bound, and is short again after a calm time', () => {
  const trial = new Trial();
  trial.ended(...times(10, 'unwell'));
  const heldMs: number[] = [];
  for (let i = 0; i < 8; i++) {
    heldMs.push(trial.heldMs);
    trial.wait();
    trial.ended('unwell');
  }
  assert.deepEqual(
    heldMs.slice(0, 4),
    [1, 2, 4, 8].map((factor) => factor * OPEN_MS_MIN),
  );
  assert.deepEqual(heldMs.slice(-2), [OPEN_MS_MAX, OPEN_MS_MAX]);

  trial.wait();
  trial.ended('well', ...times(10, 'unwell'));
  assert.equal(trial.heldMs, OPEN_MS_MAX, 'a host that flaps is not trusted at once');
  trial.wait();
  trial.ended('well');
  // Used all the while, so that it is not forgotten.
  for (let i = 0; i < 4; i++) {
    trial.nowMs += CALM_MS / 4;
    trial.ended('well');
  }
  trial.ended(...times(9, 'unwell'));
  assert.equal(trial.heldMs, OPEN_MS_MIN);
});

test('a probe that nobody ends is given up, one that asked nobody leaves its place at once', () => {
  const trial = new Trial();
  trial.ended(...times(10, 'unwell'));
  trial.wait();
  const lost = trial.breaker.begin('host', trial.nowMs);
  assert.equal(trial.heldMs, PROBE_MS_MAX);
  trial.wait();
  const second = trial.breaker.begin('host', trial.nowMs);
  trial.breaker.end(lost, 'well', trial.nowMs);
  assert.equal(trial.admission.kind, 'held', 'the late end of a probe given up decides nothing');
  trial.breaker.end(second, 'unknown', trial.nowMs);
  assert.equal(trial.admission.kind, 'admitted');
  assert.equal(trial.breaker.begin('host', trial.nowMs).isProbe, true);
});

test('attempts from before it opened neither close it nor keep it open', () => {
  const trial = new Trial();
  const early = Array.from({ length: 20 }, () => trial.breaker.begin('host', trial.nowMs));
  trial.ended(...times(10, 'unwell'));
  for (const pass of early.slice(0, 10)) trial.breaker.end(pass, 'well', trial.nowMs);
  assert.equal(trial.heldMs, OPEN_MS_MIN);
  trial.wait();
  trial.ended('well');
  for (const pass of early.slice(10)) trial.breaker.end(pass, 'unwell', trial.nowMs);
  assert.equal(trial.heldMs, 0);
});

test('an overloaded host is left alone for a moment, longer each time, until it is well', () => {
  const trial = new Trial();
  const heldMs: number[] = [];
  for (let i = 0; i < 8; i++) {
    // Well enough to stay closed.
    trial.ended(...times(3, 'unwell'), 'overloaded');
    heldMs.push(trial.heldMs);
    assert.equal(trial.admission.kind === 'held' && trial.admission.why, 'slowed');
    trial.nowMs += WINDOW_MS;
  }
  assert.deepEqual(
    heldMs.slice(0, 3),
    [1, 2, 4].map((factor) => factor * SLOW_MS_MIN),
  );
  assert.equal(heldMs.at(-1), SLOW_MS_MAX);
  trial.ended('well', 'overloaded');
  assert.equal(trial.heldMs, SLOW_MS_MIN);
});

test('attempts that were under way together slow the host once', () => {
  const trial = new Trial();
  const together = Array.from({ length: 9 }, () => trial.breaker.begin('host', trial.nowMs));
  trial.nowMs += 10;
  for (const pass of together) trial.breaker.end(pass, 'overloaded', trial.nowMs);
  assert.equal(trial.heldMs, SLOW_MS_MIN);
});

test('beginning what was not admitted is a mistake of the program', () => {
  const trial = new Trial();
  trial.ended(...times(10, 'unwell'));
  assert.throws(() => trial.breaker.begin('host', trial.nowMs), /may not begin/);
});

test('whatever happens, it is never held for longer than its bounds, and a host that recovers is called freely again', () => {
  const health = fc.constantFrom<HostHealth[]>('well', 'unwell', 'overloaded', 'unknown');
  const event = fc.oneof(
    fc.record({ kind: fc.constant('begin' as const) }),
    fc.record({ kind: fc.constant('end' as const), which: fc.nat(30), health }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(200_000) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const trial = new Trial();
      const passes: BreakerPass[] = [];
      for (const each of events) {
        if (each.kind === 'pass') trial.nowMs += each.ms;
        else if (each.kind === 'end') {
          const [pass] = passes.splice(each.which % (passes.length || 1), 1);
          if (pass) trial.breaker.end(pass, each.health, trial.nowMs);
        } else if (trial.admission.kind === 'admitted') passes.push(trial.breaker.begin('host', trial.nowMs));
        assert.ok(trial.heldMs <= Math.max(OPEN_MS_MAX, PROBE_MS_MAX, SLOW_MS_MAX));
      }
      // From here on the host is well, and those under way are never told.
      trial.wait();
      trial.ended('well');
      assert.equal(trial.heldMs, 0);
      trial.ended(...times(50, 'well'));
      assert.equal(trial.heldMs, 0);
    }),
    { numRuns: 300 },
  );
});

test('memory is bounded whatever hosts are named', () => {
  const breaker = new HostBreaker();
  for (let i = 0; i < HOSTS_MAX + 500; i++) breaker.end(breaker.begin(`host-${i}`, i), 'unwell', i);
  assert.equal(breaker.size, HOSTS_MAX);
  breaker.forgetIdle(1e9);
  assert.equal(breaker.size, 0);
});
