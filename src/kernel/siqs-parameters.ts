/** How the quadratic sieve is set for a number of given size: a table, linear in between. */

export const SIQS_BITS_MIN = 64;
export const SIQS_BITS_MAX = 335;

export interface SiqsParameters {
  /** Primes in the factor base, with the sign and 2. */
  readonly baseSize: number;
  /** Sieve positions per polynomial: up to one block, or two. */
  readonly interval: number;
  /** Large primes are below this times the greatest prime of the base. */
  readonly largePrimeMultiple: number;
  /** Primes below this are not sieved. */
  readonly smallPrimeMax: number;
  /** Bits that a report may lack: those of the primes that were not sieved, and of values below the greatest. */
  readonly slackBits: number;
  /** Bits that a report may lack when the primes are counted that were not sieved: those of powers, and of values below the greatest. */
  readonly powerBits: number;
  /** A cofactor is at most the bound of large primes to this power: 1 for one large prime, above that for two. */
  readonly cofactorPower: number;
  /** Cycles that are needed for each prime of the base. */
  readonly cyclesShare: number;
}

/** bits of n · base size · interval in units of 4 KiB · large-prime multiple · small-prime bound · slack. */
export type SiqsTableRow = readonly [number, number, number, number, number, number];

/** `npm run tune` searches the rows again, one after the other, and writes them. From 248 bits on there are two large primes. */
export const SIQS_TABLE: readonly SiqsTableRow[] = [
  [64, 66, 1, 20, 16, 8],
  [80, 85, 2, 25, 20, 9],
  [90, 115, 2, 30, 22, 10],
  [100, 155, 2, 40, 30, 10],
  [110, 210, 2, 40, 44, 10],
  [120, 300, 2, 50, 60, 11],
  [140, 650, 4, 50, 80, 14],
  [165, 1600, 8, 60, 240, 22],
  [181, 3200, 8, 70, 200, 22],
  [198, 5300, 8, 70, 300, 23],
  [215, 9000, 8, 80, 600, 27],
  [232, 17000, 16, 80, 900, 31],
  [247, 26000, 16, 120, 700, 30],
  [248, 20000, 16, 60, 600, 24],
  [265, 36000, 16, 60, 700, 26],
  [300, 70000, 16, 100, 700, 26],
  [335, 115000, 16, 120, 700, 27],
];

/** From about 75 digits on relations with two large primes are worth their cost, over a smaller base; near the bounds of both they are too few. */
const TWO_LARGE_PRIMES_FROM = 248;
const TWO_LARGE_PRIMES_POWER = 1.75;
/**
 * With one large prime 2 to 3 % of the base are in no relation that is left, from 90 to 183 bits: most of these primes need none. From 200 to 247
 * bits, too, the first matrix of each of nine numbers had at least as many dependencies as are kept.
 */
const CYCLES_SHARE = 0.99;
/** Fewer lose relations, more cost as much as they find. */
const POWER_BITS = 12;
const GRAIN = 0x1000;
const BLOCK = 0x8000;

const chosen = new Map<number, SiqsParameters>();

/** The same object for the same size, so that a small number does not pay for what depends on its size alone. */
export function siqsParameters(bits: number): SiqsParameters {
  let parameters = chosen.get(bits);
  if (parameters === undefined) {
    parameters = siqsParametersBy(SIQS_TABLE, bits);
    chosen.set(bits, parameters);
  }
  return parameters;
}

export function siqsParametersBy(table: readonly SiqsTableRow[], bits: number): SiqsParameters {
  let above = table.findIndex((row) => row[0] >= bits);
  if (above < 0) above = table.length - 1;
  const high = table[above];
  const low = table[Math.max(0, above - 1)];
  if (!high || !low) throw new Error(`Cannot choose parameters: no row of the table fits ${bits} bits`);
  const share = high[0] === low[0] ? 1 : Math.min(1, Math.max(0, (bits - low[0]) / (high[0] - low[0])));
  const between = (column: 1 | 2 | 3 | 4 | 5) => low[column] + share * (high[column] - low[column]);
  const interval = between(2) * GRAIN;
  return {
    baseSize: Math.round(between(1)),
    interval: interval > BLOCK ? Math.round(interval / BLOCK) * BLOCK : Math.round(interval / 64) * 64,
    largePrimeMultiple: between(3),
    smallPrimeMax: between(4),
    slackBits: between(5),
    powerBits: POWER_BITS,
    cofactorPower: bits >= TWO_LARGE_PRIMES_FROM ? TWO_LARGE_PRIMES_POWER : 1,
    cyclesShare: bits >= TWO_LARGE_PRIMES_FROM ? 1 : CYCLES_SHARE,
  };
}
