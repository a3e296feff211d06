/**
 * How long a sieve will take, from what it has found in a part of that time.
 *
 * Complete relations come at an even rate. Relations with one large prime do too, and as many of them are good as there are more
 * of them than different large primes; these are taken to occur with a probability ∝ q^-α, α fitted to those found.
 */
const BINS = 200;

export interface SieveSample {
  readonly seconds: number;
  readonly complete: number;
  /** The large primes of the relations that have one, all between the two bounds. */
  readonly largePrimes: readonly number[];
  readonly greatestPrime: number;
  readonly largePrimeMax: number;
  readonly needed: number;
}

/** The least x in [low, high] where the growing `isBeyond` holds. */
function bisect(low: number, high: number, isBeyond: (x: number) => boolean): number {
  let [below, above] = [low, high];
  for (let i = 0; i < 50; i++) {
    const middle = (below + above) / 2;
    if (isBeyond(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** Expected seconds until the sieve has all the relations that it needs; Infinity if it has found none. */
export function sieveSeconds(sample: SieveSample): number {
  const { seconds, complete, largePrimes, greatestPrime, largePrimeMax, needed } = sample;
  if (complete + largePrimes.length === 0) return Infinity;
  const low = Math.log(greatestPrime);
  const width = (Math.log(largePrimeMax) - low) / BINS;
  const logs = Array.from({ length: BINS }, (_, i) => low + (i + 0.5) * width);
  const counts = logs.map((log) => (Math.exp(log) / log) * width);
  const sum = (weight: (log: number) => number) =>
    logs.reduce((total, log, i) => total + (counts[i] ?? 0) * weight(log), 0);
  const mean = largePrimes.reduce((total, q) => total + Math.log(q), 0) / Math.max(1, largePrimes.length);
  const meanOf = (alpha: number) =>
    sum((log) => log * Math.exp(-alpha * log)) / sum((log) => Math.exp(-alpha * log));
  const alpha = bisect(-1, 3, (x) => meanOf(x) < mean);
  const total = sum((log) => Math.exp(-alpha * log));
  const different = (relations: number) =>
    sum((log) => 1 - Math.exp((-relations * Math.exp(-alpha * log)) / total));
  const goodAfter = (time: number) => {
    const relations = (largePrimes.length / seconds) * time;
    return (complete / seconds) * time + relations - different(relations);
  };
  return bisect(0, 1e8, (time) => goodAfter(time) >= needed);
}
