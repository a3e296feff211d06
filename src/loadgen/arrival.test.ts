import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { type Arrival, arrivals, numbersOf } from './arrival.ts';
import { primePools } from './semiprimes.ts';
import { testOptions } from './test-load.ts';
import type { LoadOptions } from './load-options.ts';

const kernel = createKernel(await loadKernelModule());
const URLS = ['http://a', 'http://b'];

async function draw(given: Partial<LoadOptions>, count = 10_000): Promise<Arrival[]> {
  const options = testOptions({ urls: URLS, callers: 10, ...given });
  const at = arrivals(options, await primePools(numbersOf(options), { kernel }));
  return Array.from({ length: count }, (_, i) => at(i));
}

/** How many of each, most first. */
function shares(drawn: readonly Arrival[], of: (arrival: Arrival) => string | number): number[] {
  const counts = new Map<string | number, number>();
  for (const arrival of drawn) counts.set(of(arrival), (counts.get(of(arrival)) ?? 0) + 1);
  return [...counts.values()].toSorted((a, b) => b - a);
}

const assertNear = (value: number, expected: number): void =>
  assert.ok(Math.abs(value - expected) < 5 * Math.sqrt(expected), `${value} instead of ${expected}`);

test('in mixed mode all doors are used equally, and services take turns', async () => {
  const drawn = await draw({ mode: 'mixed' });
  const doors = shares(drawn, ({ door }) => door.endpoint);
  assert.equal(doors.length, 4);
  for (const count of doors) assertNear(count, 2_500);
  assert.deepEqual(
    shares(drawn, ({ url }) => url),
    [5_000, 5_000],
  );
});

test('callers ask equally often, by Zipf, or one of them nine times out of ten', async () => {
  for (const count of shares(await draw({ skew: 'uniform' }), ({ caller }) => caller))
    assertNear(count, 1_000);
  const harmonic = Array.from({ length: 10 }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b);
  const zipf = await draw({ skew: 'zipf' });
  for (let k = 1; k <= 10; k++)
    assertNear(zipf.filter(({ caller }) => caller === k - 1).length, 10_000 / harmonic / k);
  const hog = await draw({ skew: 'one-hog' });
  assertNear(hog.filter(({ caller }) => caller === 0).length, 9_000);
  for (let k = 1; k < 10; k++) assertNear(hog.filter(({ caller }) => caller === k).length, 1_000 / 9);
  for (const skew of ['uniform', 'zipf', 'one-hog'] as const)
    assert.ok((await draw({ skew, callers: 1 }, 100)).every(({ caller }) => caller === 0));
});

test('the same seed gives the same numbers and callers, and another one others', async () => {
  const asked = async (seed: number): Promise<string[]> =>
    (await draw({ seed, mode: 'mixed' }, 100)).map((each) => JSON.stringify(each));
  assert.deepEqual(await asked(1), await asked(1));
  assert.notDeepEqual(await asked(1), await asked(2));
});
