import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { sieveSeconds } from './sieve-time.ts';

const GREATEST_PRIME = 10_000;
const LARGE_PRIME_MAX = 600_000;

/** Primes ≡ 1 (mod 4): every second one, like those modulo which a number is a square. */
function possibleLargePrimes(): number[] {
  const isComposite = new Uint8Array(LARGE_PRIME_MAX + 1);
  const primes: number[] = [];
  for (let p = 2; p <= LARGE_PRIME_MAX; p++) {
    if (isComposite[p]) continue;
    if (p > GREATEST_PRIME && p % 4 === 1) primes.push(p);
    for (let multiple = p * p; multiple <= LARGE_PRIME_MAX; multiple += p) isComposite[multiple] = 1;
  }
  return primes;
}

/** Large primes with a probability ∝ 1/q. */
function largePrimeSource(random: () => number): () => number {
  const primes = possibleLargePrimes();
  return () => {
    for (;;) {
      const prime = primes[Math.floor(random() * primes.length)] ?? 0;
      if (random() < GREATEST_PRIME / prime) return prime;
    }
  };
}

/** Independent cycles: edges less vertices plus components, 1 being a vertex, counted with sets of vertices. */
function countCycles(edges: readonly (readonly [number, number])[]): number {
  const componentOf = new Map<number, Set<number>>();
  const of = (vertex: number) => {
    const known = componentOf.get(vertex) ?? new Set([vertex]);
    componentOf.set(vertex, known);
    return known;
  };
  let cycles = 0;
  for (const [one, other] of edges) {
    const [less, more] = [of(one), of(other)].toSorted((x, y) => x.size - y.size) as [
      Set<number>,
      Set<number>,
    ];
    if (less === more) cycles++;
    else
      for (const vertex of less) {
        more.add(vertex);
        componentOf.set(vertex, more);
      }
  }
  return cycles;
}

for (const twice of [0, 0.6]) {
  test(`a tenth of a sieve tells how long all of it takes, where ${twice} of its relations have two large primes`, () => {
    const random = seededRandom(1);
    const next = largePrimeSource(random);
    const largePrimes = Array.from(
      { length: 20_000 },
      () => [random() < twice ? next() : 1, next()] as const,
    );
    // In 100 s there are 2,000 complete relations and 20,000 others.
    const seconds = sieveSeconds({
      seconds: 10,
      complete: 200,
      largePrimes: largePrimes.slice(0, 2_000),
      greatestPrime: GREATEST_PRIME,
      largePrimeMax: LARGE_PRIME_MAX,
      needed: 2_000 + countCycles(largePrimes),
    });
    assert.ok(seconds > 95 && seconds < 105, `${seconds} s were expected, 100 s it takes`);
  });
}

test('a sieve that has found nothing is expected to take for ever', () => {
  const sample = {
    seconds: 10,
    complete: 0,
    largePrimes: [],
    greatestPrime: GREATEST_PRIME,
    largePrimeMax: LARGE_PRIME_MAX,
    needed: 10,
  };
  assert.equal(sieveSeconds(sample), Infinity);
});
