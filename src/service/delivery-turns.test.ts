import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { HostHealth } from '../callbacks/attempt-outcome.ts';
import { ATTEMPTS_MIN, OPEN_MS_MIN } from '../callbacks/host-breaker.ts';
import { CallbackLines } from '../callbacks/callback-lines.ts';
import { DeliveryTurns, type Turn, type TurnLimits } from './delivery-turns.ts';

const FREE: TurnLimits = { attemptsMax: 16, attemptsPerHostMax: 16, rateOf: () => undefined };

/** Callbacks that are due at 0 by the wall clock; what is monotonic is turned by hand. */
class Fixture {
  readonly lines = new CallbackLines({ windowMax: 10_000, totalMax: 1_000_000 });
  readonly turns: DeliveryTurns;
  readonly #sequences = new Map<string, number>();
  nowMs = 0;

  constructor(limits: Partial<TurnLimits> = {}) {
    this.turns = new DeliveryTurns({
      lines: this.lines,
      limits: { ...FREE, ...limits },
      weightOf: () => 1,
    });
  }

  add(callerId: string, host: string, count = 1): void {
    for (let i = 0; i < count; i++) {
      const sequence = (this.#sequences.get(callerId) ?? 0) + 1;
      this.#sequences.set(callerId, sequence);
      this.lines.add(callerId, { seq: sequence, sequence, dueAtMs: 0, url: `https://${host}/` });
    }
  }

  /** Every turn that there is now. */
  all(): Turn[] {
    const turns: Turn[] = [];
    do turns.push(...this.turns.begin(0, this.nowMs));
    while (this.inMs <= 0);
    return turns;
  }

  next(): Turn | undefined {
    for (const turn of this.turns.begin(0, this.nowMs)) return turn;
    return undefined;
  }

  answered(turn: Turn | undefined, health: HostHealth = 'well'): void {
    if (turn?.kind === 'attempt') this.turns.answered(turn, health, this.nowMs);
  }

  end(turn: Turn | undefined, health: HostHealth = 'well', wireMs = 5): void {
    assert.ok(turn);
    this.answered(turn, health);
    this.turns.end(turn, wireMs);
  }

  get inMs(): number {
    return this.turns.nextInMs(0, this.nowMs);
  }
}

const callerOf = ({ taken }: Turn): string => taken.callerId;
const sequenceOf = ({ taken }: Turn): number => taken.due.sequence;

describe('turns of callbacks', () => {
  test('a caller whose endpoints all hang has half of the places at most, and others go on at once', () => {
    const fixture = new Fixture();
    for (let i = 0; i < 1_000; i++) fixture.add('hog', `dead${i}.example`);
    assert.equal(fixture.all().length, 8);
    for (let i = 0; i < 1_000; i++) fixture.add('second hog', `dead${i}.example`);
    assert.equal(fixture.all().length, 4);
    fixture.add('acme', 'hooks.example', 3);
    const mine = fixture.all();
    assert.deepEqual(mine.map(callerOf), ['acme', 'acme']);
    fixture.end(mine[0]);
    assert.deepEqual(fixture.all().map(callerOf), ['acme']);
  });

  test('the last place is given too', () => {
    const fixture = new Fixture({ attemptsMax: 1 });
    fixture.add('acme', 'hooks.example', 2);
    const [turn, ...others] = fixture.all();
    assert.deepEqual(others, []);
    fixture.end(turn);
    assert.equal(fixture.all().length, 1);
  });

  test('whoever uses less time on the wire has more turns', () => {
    const fixture = new Fixture({ attemptsMax: 1 });
    fixture.add('slow', 'a.example', 100);
    fixture.add('fast', 'b.example', 100);
    const served: string[] = [];
    for (let i = 0; i < 50; i++) {
      const turn = fixture.next();
      assert.ok(turn);
      served.push(callerOf(turn));
      fixture.end(turn, 'well', callerOf(turn) === 'slow' ? 900 : 100);
    }
    const fast = served.filter((callerId) => callerId === 'fast').length;
    assert.ok(fast >= 44 && fast <= 46, `${fast} of 50`);
  });

  test('a host has no more attempts than its share, of all callers together, and other hosts go on', () => {
    const fixture = new Fixture({ attemptsPerHostMax: 2 });
    const turns: Turn[] = [];
    for (const callerId of ['a', 'b', 'c', 'd', 'e']) {
      fixture.add(callerId, callerId === 'e' ? 'idle.example' : 'busy.example');
      turns.push(...fixture.all());
    }
    assert.deepEqual(turns.map(callerOf), ['a', 'b', 'e']);
    fixture.end(turns[0]);
    assert.deepEqual(fixture.all().map(callerOf), ['c']);
    fixture.end(turns[1]);
    fixture.add('f', 'busy.example');
    assert.deepEqual(fixture.all().map(callerOf), ['d'], 'whoever waits goes before who comes later');
  });

  test('a host that has answered is called again before what came of it is written down, within the bound of all', () => {
    const fixture = new Fixture({ attemptsMax: 2, attemptsPerHostMax: 1 });
    for (const callerId of ['a', 'b', 'c']) fixture.add(callerId, 'busy.example');
    const [first] = fixture.all();
    fixture.answered(first);
    const [second, ...others] = fixture.all();
    assert.ok(second);
    assert.deepEqual(others, []);
    fixture.answered(second);
    assert.deepEqual(fixture.all(), [], 'both places are taken until it is written down');
    assert.ok(first);
    fixture.turns.end(first, 5);
    assert.equal(fixture.all().length, 1);
  });

  test('at a host with a rate callbacks wait in their order, and the time is told when one can go on', () => {
    const fixture = new Fixture({ rateOf: (host) => (host === 'slow.example' ? 2 : undefined) });
    fixture.add('a', 'slow.example', 5);
    fixture.add('b', 'fast.example', 1);
    const order = fixture.all().filter((turn) => callerOf(turn) === 'a');
    assert.equal(order.length, 2);
    assert.equal(fixture.inMs, 500);
    for (let i = 0; i < 3; i++) {
      fixture.nowMs += 499;
      assert.deepEqual(fixture.all(), []);
      fixture.nowMs += 1;
      order.push(...fixture.all());
    }
    assert.deepEqual(order.map(sequenceOf), [1, 2, 3, 4, 5]);
    assert.equal(fixture.inMs, Infinity);
  });

  test('a host that fails is not called for this caller for a while, and for others it is', () => {
    const fixture = new Fixture();
    fixture.add('a', 'down.example', ATTEMPTS_MIN + 3);
    for (let i = 0; i < ATTEMPTS_MIN; i++) {
      const turn = fixture.next();
      assert.equal(turn?.kind, 'attempt');
      fixture.end(turn, 'unwell');
    }
    fixture.add('a', 'up.example');
    fixture.add('b', 'down.example');
    const turns = fixture.all();
    const kinds = turns.map((turn) => `${callerOf(turn)} ${turn.host} ${turn.kind}`);
    assert.deepEqual(kinds.toSorted(), [
      ...Array.from({ length: 3 }, () => 'a down.example hold'),
      'a up.example attempt',
      'b down.example attempt',
    ]);
    const held = turns.find((turn) => turn.kind === 'hold');
    assert.equal(held?.forMs, OPEN_MS_MIN);
  });

  test('while a probe is under way others wait as long as one may take, and no longer', () => {
    const fixture = new Fixture();
    fixture.add('a', 'down.example', ATTEMPTS_MIN + 2);
    for (let i = 0; i < ATTEMPTS_MIN; i++) fixture.end(fixture.next(), 'unwell');
    fixture.nowMs += OPEN_MS_MIN;
    const [probe, other] = fixture.all();
    assert.equal(probe?.kind, 'attempt');
    assert.equal(other?.kind, 'hold');
    assert.ok(other.forMs <= 15_000, `${other.forMs} ms`);
    fixture.end(probe, 'well');
    fixture.end(other, 'unknown', 0);
    fixture.add('a', 'down.example');
    assert.equal(fixture.next()?.kind, 'attempt');
  });

  test('what is looked for while all places are taken rings no alarm', () => {
    const fixture = new Fixture({ attemptsMax: 2, rateOf: () => 1 });
    for (const callerId of ['a', 'b', 'c']) fixture.add(callerId, 'slow.example');
    const [first] = fixture.all();
    fixture.add('d', 'other.example');
    assert.equal(fixture.all().length, 1);
    fixture.nowMs += 5_000;
    assert.equal(fixture.inMs, Infinity);
    fixture.end(first);
    assert.equal(fixture.all().length, 1);
  });

  test('10,000 callers with one callback each, all for one host, wait without being looked at again and again', () => {
    const fixture = new Fixture({ attemptsMax: 256, attemptsPerHostMax: 32 });
    for (let i = 0; i < 10_000; i++) fixture.add(`caller ${i}`, 'busy.example');
    assert.deepEqual([...fixture.turns.begin(0, 0)], [], 'they are looked at a thousand at a time');
    assert.equal(fixture.inMs, 0);
    const underWay = fixture.all();
    assert.equal(underWay.length, 32);
    assert.equal(fixture.turns.waiting, 10_000 - 32);
    const start = process.threadCpuUsage();
    let ended = 0;
    for (let turn = underWay.shift(); turn; turn = underWay.shift()) {
      fixture.end(turn);
      underWay.push(...fixture.all());
      ended++;
    }
    assert.equal(ended, 10_000);
    const perTurnMs = process.threadCpuUsage(start).user / 1_000 / ended;
    // Looking at all who wait would take milliseconds.
    assert.ok(perTurnMs < 0.5, `${perTurnMs} ms of CPU time for each`);
  });

  test('whatever comes in whatever order, every limit is kept, every caller is served in order, and everybody in the end', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        callerId: fc.nat(5),
        host: fc.nat(3),
        count: fc.integer({ min: 1, max: 6 }),
      }),
      fc.record({
        kind: fc.constant('end' as const),
        which: fc.nat(100),
        health: fc.constantFrom<HostHealth>('well', 'well', 'unwell', 'overloaded', 'unknown'),
        wireMs: fc.constantFrom(0, 5, 15_000),
      }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 300, 20_000) }),
    );
    const limits = fc.record({
      attemptsMax: fc.integer({ min: 1, max: 8 }),
      attemptsPerHostMax: fc.integer({ min: 1, max: 4 }),
      rate: fc.constantFrom(undefined, 1, 5),
    });
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 120, size: 'max' }), ({ rate, ...rest }, steps) => {
        const fixture = new Fixture({ ...rest, rateOf: (host) => (host === '0.example' ? rate : undefined) });
        const underWay: Turn[] = [];
        const lastOf = new Map<string, number>();
        let added = 0;
        let served = 0;
        const begin = (): void => {
          for (let turn = fixture.next(); turn; turn = fixture.next()) {
            const callerId = callerOf(turn);
            assert.equal(sequenceOf(turn), (lastOf.get(callerId) ?? 0) + 1, `${callerId} in order`);
            lastOf.set(callerId, sequenceOf(turn));
            const free = rest.attemptsMax - underWay.length;
            const begun = underWay.filter((other) => callerOf(other) === callerId).length;
            assert.ok(begun < free, `${callerId} has ${begun} under way, ${free} places are free`);
            underWay.push(turn);
            served++;
            const { host } = turn;
            const there = underWay.filter((other) => other.kind === 'attempt' && other.host === host);
            assert.ok(there.length <= rest.attemptsPerHostMax, `${there.length} at ${host}`);
          }
          assert.equal(fixture.turns.underWay, underWay.length);
          assert.equal(fixture.turns.waiting + fixture.lines.size, added - served);
        };
        for (const each of steps) {
          if (each.kind === 'add') {
            fixture.add(`caller ${each.callerId}`, `${each.host}.example`, each.count);
            added += each.count;
          } else if (each.kind === 'pass') fixture.nowMs += each.ms;
          else {
            const [turn] = underWay.splice(each.which % (underWay.length || 1), 1);
            if (turn) fixture.end(turn, each.health, each.wireMs);
          }
          begin();
        }
        for (let left = added - served; left > 0; left = added - served) {
          const turn = underWay.shift();
          if (turn) fixture.end(turn);
          else {
            const { inMs } = fixture;
            assert.ok(inMs < Infinity, `${left} wait for nothing`);
            fixture.nowMs += Math.ceil(inMs);
          }
          begin();
        }
      }),
      { numRuns: 500 },
    );
  });
});
