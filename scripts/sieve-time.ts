/**
 * How long a sieve will take, from what it has found in a part of that time.
 *
 * Relations come at an even rate, cycles among their large primes ever faster. So relations like those found are drawn until
 * they close enough cycles: each has the large primes of one that was found, moved at random by up to a tenth of their place
 * among the primes that can occur. That is every second one: modulo it the number times its multiplier is a square.
 */
import { seededRandom } from '../src/loadgen/seeded-random.ts';

const MOVED_BY = 0.1;
const DRAWN_MAX = 30_000_000;

export interface SieveSample {
  readonly seconds: number;
  readonly complete: number;
  /** Of the relations that are not complete: the large primes, between the two bounds, or 1 and a large prime. */
  readonly largePrimes: readonly (readonly [number, number])[];
  readonly greatestPrime: number;
  readonly largePrimeMax: number;
  readonly needed: number;
}

/** About how many primes are below x (the first terms of the logarithmic integral's series). */
function primesBelow(x: number): number {
  const log = Math.log(x);
  return (x / log) * (1 + 1 / log + 2 / log ** 2);
}

/** A set of vertices of which edges make components. */
function components(size: number) {
  const parents = Int32Array.from({ length: size }, (_, i) => i);
  const find = (vertex: number) => {
    let x = vertex;
    while (parents[x] !== x) x = parents[x] = parents[parents[x]!]!;
    return x;
  };
  /** Whether the edge closes a cycle; else it joins two components. */
  return (one: number, other: number): boolean => {
    const [x, y] = [find(one), find(other)];
    if (x !== y) parents[x] = y;
    return x === y;
  };
}

/** Expected seconds until the sieve has all the relations that it needs; Infinity if it has found none. */
export function sieveSeconds(sample: SieveSample): number {
  const { seconds, complete, largePrimes, greatestPrime, largePrimeMax, needed } = sample;
  const found = complete + largePrimes.length;
  if (found === 0) return Infinity;
  const random = seededRandom(1);
  const [low, high] = [primesBelow(greatestPrime), primesBelow(largePrimeMax)];
  const closesCycle = components(Math.ceil((high - low) / 2) + 2);
  const places = largePrimes.map(([one, other]) => [one, other].map((q) => (q === 1 ? 0 : primesBelow(q))));
  const vertexLike = (place: number): number => {
    if (place === 0) return 0;
    let moved = place * Math.exp(MOVED_BY * (2 * random() - 1));
    if (moved < low) moved = low ** 2 / moved;
    if (moved > high) moved = high ** 2 / moved;
    return 1 + Math.floor((moved - low) / 2);
  };
  let cycles = 0;
  let drawn = 0;
  for (; cycles < needed; drawn++) {
    if (drawn === DRAWN_MAX) return Infinity;
    const [one, other] = places[Math.floor(random() * found)] ?? [0, 0];
    if (closesCycle(vertexLike(one!), vertexLike(other!))) cycles++;
  }
  return (drawn / found) * seconds;
}
