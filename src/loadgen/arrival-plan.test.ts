import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { arrivalMoments, expectedArrivals, type PlanOptions } from './arrival-plan.ts';

const plan = (
  more: Partial<PlanOptions> & {
    readonly perSecond?: number;
    readonly arrivals?: 'poisson' | 'constant';
  } = {},
): PlanOptions => {
  const { perSecond = 1_000, arrivals = 'poisson', ...rest } = more;
  return {
    pace: { kind: 'open', perSecond, arrivals },
    durationMs: 10_000,
    rampMs: 0,
    spikes: [],
    seed: 1,
    ...rest,
  };
};

function momentsOf(options: PlanOptions): number[] {
  const next = arrivalMoments(options);
  const moments: number[] = [];
  for (let moment = next(); moment < Infinity; moment = next()) moments.push(moment);
  return moments;
}

const countIn = (moments: readonly number[], fromMs: number, toMs: number): number =>
  moments.filter((ms) => ms >= fromMs && ms < toMs).length;

/** Within five standard deviations of a Poisson count. */
function assertAbout(count: number, expected: number, what: string): void {
  const room = 5 * Math.sqrt(expected);
  assert.ok(
    Math.abs(count - expected) <= room,
    `${what}: ${count} instead of ${expected} ± ${room.toFixed(0)}`,
  );
}

test('Poisson arrivals come at the rate, with gaps that vary as much as they are long', () => {
  const moments = momentsOf(plan());
  assertAbout(moments.length, 10_000, 'in 10 s');
  const gaps = moments.slice(1).map((ms, i) => ms - moments[i]!);
  const mean = gaps.reduce((a, b) => a + b) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  assert.ok(Math.abs(deviation / mean - 1) < 0.05, `standard deviation ${deviation} of a mean of ${mean}`);
});

test('constant arrivals have all the same gap', () => {
  const moments = momentsOf(plan({ arrivals: 'constant', perSecond: 50, durationMs: 2_000 }));
  assert.equal(moments.length, 100);
  moments.forEach((ms, i) => assert.ok(Math.abs(ms - (i + 0.5) * 20) < 1e-6, `arrival ${i} at ${ms}`));
});

test('a ramp rises in a straight line, and has half of what the full rate would have', () => {
  const moments = momentsOf(plan({ rampMs: 4_000, perSecond: 10_000 }));
  [0, 1, 2, 3].forEach((second) =>
    assertAbout(
      countIn(moments, second * 1_000, second * 1_000 + 1_000),
      2_500 * (second + 0.5),
      `second ${second}`,
    ),
  );
  assertAbout(countIn(moments, 4_000, 10_000), 60_000, 'after the ramp');
  assert.equal(expectedArrivals(plan({ rampMs: 4_000, perSecond: 10_000 })), 80_000);
});

test('a spike multiplies the rate while it lasts, and spikes that overlap multiply each other', () => {
  const spikes = [
    { atMs: 2_000, forMs: 3_000, factor: 10 },
    { atMs: 4_000, forMs: 2_000, factor: 0.5 },
  ];
  const moments = momentsOf(plan({ spikes }));
  const expected = [1_000, 1_000, 10_000, 10_000, 5_000, 500, 1_000, 1_000, 1_000, 1_000];
  expected.forEach((count, i) =>
    assertAbout(countIn(moments, i * 1_000, (i + 1) * 1_000), count, `second ${i}`),
  );
});

test('a spike with a factor of 0 is a pause', () => {
  const moments = momentsOf(plan({ spikes: [{ atMs: 3_000, forMs: 2_000, factor: 0 }] }));
  assert.equal(countIn(moments, 3_000, 5_000), 0);
  assertAbout(moments.length, 8_000, 'in all');
});

test('the same seed gives the same moments, and another one others', () => {
  assert.deepEqual(momentsOf(plan({ seed: 7 })), momentsOf(plan({ seed: 7 })));
  assert.notDeepEqual(momentsOf(plan({ seed: 7 })).slice(0, 10), momentsOf(plan({ seed: 8 })).slice(0, 10));
});

test('whatever the shape, moments never fall, lie within the load, and are about as many as expected', () => {
  const ms = fc.integer({ min: 0, max: 5_000 });
  const options = fc.record({
    perSecond: fc.integer({ min: 1, max: 2_000 }),
    arrivals: fc.constantFrom('poisson' as const, 'constant' as const),
    durationMs: fc.integer({ min: 1, max: 5_000 }),
    rampMs: ms,
    spikes: fc.array(fc.record({ atMs: ms, forMs: ms, factor: fc.integer({ min: 0, max: 10 }) }), {
      maxLength: 3,
    }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(options, (given) => {
      const moments = momentsOf(plan(given));
      const expected = expectedArrivals(plan(given));
      const room = given.arrivals === 'constant' ? 1 : 6 * Math.sqrt(expected) + 6;
      assert.ok(Math.abs(moments.length - expected) <= room, `${moments.length} instead of ${expected}`);
      moments.forEach((moment, i) => assert.ok(moment >= (moments[i - 1] ?? 0)));
      assert.ok((moments.at(-1) ?? 0) <= given.durationMs);
    }),
    { seed: 1, numRuns: 200 },
  );
});
