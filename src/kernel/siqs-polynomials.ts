/** What follows from the factor base: the size and the pool of coefficients, the bounds of the sieve's classes, its thresholds. */
import { assert } from '../base/assert.ts';
import * as header from './siqs-header.ts';
import type { SiqsParameters } from './siqs-parameters.ts';

/** Coefficients are made of primes around this, or smaller where the base is. */
const COEFFICIENT_PRIME = 3000;
/** A prime of the multiplier has no place in a coefficient. */
const MULTIPLIER_MAX = 73;
/** Positions are numbers of 16 bits, in buckets and in trial division. */
const INTERVAL_MAX = 0x10000;
/** Buckets are filled for eight polynomials at once: so many, at least, have the same coefficient. */
const BUCKET_FACTORS_MIN = 4;
/** The sign bit of 16 bits tells which positions are in a bucket's interval. */
const BUCKET_INTERVAL_MIN = 0x8000;
/** Primes below this are sieved block by block, in the level-1 cache. */
const SPAN_PRIME_MIN = 4000;
const LOG_RANGE = 110;
/** Curves on words split what is below 2^60. */
const COFACTOR_BITS_MAX = 59.9;
/** Bits by which rounded logarithms mistake what is left of a report; met are 2 at most, and 3 in one of a thousand. */
const REPORT_SLACK_BITS = 2;

export function choosePolynomials(memory: WebAssembly.Memory, parameters: SiqsParameters): void {
  const fields = new Uint32Array(memory.buffer, header.ARENA, header.HEADER_BYTES / 4);
  const get = (field: number) => fields[field] ?? 0;
  const size = get(header.BASE_SIZE);
  const primes = new Uint32Array(memory.buffer, get(header.PRIMES), size);
  const prime = (i: number) => primes[i] ?? 0;
  /** The first index whose prime is at least `least`. */
  const indexOf = (least: number) => {
    let i = 2;
    while (i < size && prime(i) < least) i++;
    return i;
  };
  const group = (i: number) => Math.max(8, Math.round(i / 8) * 8);

  const limbs = new Uint32Array(memory.buffer, header.KN, get(header.LIMBS_KN));
  const logKn = Math.log2(limbs.reduceRight((value, limb) => value * 2 ** 32 + limb, 0));
  const logHalf = Math.log2(parameters.interval / 2);
  const logA = logKn / 2 - 0.5 - logHalf;
  const logValue = logKn / 2 - 1.5 + logHalf;
  const greatest = prime(size - 1);

  const logPrimeMax = Math.log2(Math.min(COEFFICIENT_PRIME, greatest / 2));
  const factors = Math.max(2, Math.ceil(logA / logPrimeMax));
  // A few coefficients are all that a small number needs.
  const pool = Math.min(header.POOL_MAX, (factors > 4 ? 18 : 4) + 4 * factors, size >> 1);
  const centre = indexOf(2 ** (logA / factors));
  const poolFrom = Math.max(indexOf(MULTIPLIER_MAX + 1), Math.min(centre - (pool >> 1), size - pool));

  const blockSize = Math.min(parameters.interval, header.BLOCK_BYTES);
  const largePrimeMax = Math.min(
    2 ** 31,
    parameters.largePrimeMultiple * greatest,
    (greatest - 1) * greatest,
  );
  const logLarge = Math.log2(largePrimeMax);
  const sieveFrom = group(indexOf(parameters.smallPrimeMax));
  const logCofactor = Math.min(COFACTOR_BITS_MAX, parameters.cofactorPower * logLarge);
  const thresholdBits = logValue - logCofactor - parameters.slackBits;
  const scale = Math.max(1, Math.floor(LOG_RANGE / thresholdBits));

  assert(
    parameters.interval <= INTERVAL_MAX,
    `Cannot sieve over ${parameters.interval} positions: at most ${INTERVAL_MAX} are allowed`,
  );
  const padded = get(header.BASE_PADDED);
  const onceFrom = Math.min(padded, Math.ceil(indexOf(parameters.interval + 1) / 8) * 8);
  // The primes of a coefficient have no roots, which the buckets could not tell.
  const poolEnd = Math.ceil((poolFrom + pool) / 8) * 8;
  const hasBuckets = factors >= BUCKET_FACTORS_MIN && parameters.interval >= BUCKET_INTERVAL_MIN;
  const bucketFrom = hasBuckets ? Math.min(padded, Math.max(onceFrom, poolEnd)) : padded;
  assert(
    prime(Math.min(bucketFrom, size) - 1) < 2 * parameters.interval,
    `Cannot sieve over ${parameters.interval} positions: without buckets primes up to ${greatest} would miss them`,
  );

  const values: readonly (readonly [number, number])[] = [
    [header.A_FACTORS, factors],
    [header.POOL_FROM, poolFrom],
    [header.POOL_SIZE, Math.min(pool, size - poolFrom)],
    [header.BLOCK_SIZE, blockSize],
    [header.BLOCK_COUNT, parameters.interval / blockSize],
    [header.LARGE_PRIME_MAX, Math.floor(largePrimeMax)],
    [header.SIEVE_FROM, sieveFrom],
    [header.SPAN_FROM, parameters.interval > blockSize ? group(indexOf(SPAN_PRIME_MIN)) : sieveFrom],
    [header.ONCE_FROM, onceFrom],
    [header.BUCKET_FROM, bucketFrom],
    [header.LOG_SCALE, scale],
    [header.THRESHOLD, Math.max(1, Math.round(thresholdBits * scale))],
    [
      header.THRESHOLD_PRIMES,
      Math.max(0, Math.round((logValue - logCofactor - parameters.powerBits) * scale)),
    ],
    [header.REPORT_LEFT_MAX, Math.round((logCofactor + REPORT_SLACK_BITS) * scale)],
    [header.REPORT_GAP_FROM, Math.round((logLarge + REPORT_SLACK_BITS) * scale)],
    [header.REPORT_GAP_TO, Math.round((2 * Math.log2(greatest) - REPORT_SLACK_BITS) * scale)],
    [header.LIMBS_POLY, Math.floor((logKn / 2 + 27) / 32) + 1],
    [header.ROOT_BYTES, Math.ceil((logKn / 2 + 3) / 32) * 4],
  ];
  for (const [field, value] of values) fields[field] = value;
  new Float64Array(memory.buffer, header.A_LOG_TARGET, 1)[0] = logA;
  new BigUint64Array(memory.buffer, header.COFACTOR_MIN, 2).set([
    BigInt(greatest) ** 2n,
    parameters.cofactorPower > 1 ? BigInt(Math.floor(2 ** logCofactor)) : 0n,
  ]);
}
