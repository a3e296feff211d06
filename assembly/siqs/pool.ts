/**
 * The pool of primes that the coefficients a are made of, and the inverse of each modulo every prime of the base; also the
 * logarithms of the base, whose unit is known only after its greatest prime.
 *
 * With these inverses a new coefficient costs a few products modulo each prime and no division. They are found for four
 * primes of the base at a time, with a single inversion for the whole pool (Montgomery 1987, section 10.3.1).
 */
import {
  BASE_PADDED,
  CURSOR,
  INVERSES,
  LOGS,
  LOG_SCALE,
  POOL_FROM,
  POOL_INVERSES,
  POOL_LOGS,
  POOL_SIZE,
  PRIMES,
  SQRTS,
} from '../../src/kernel/siqs-header';
import { layOutSlices } from './buckets';
import { entry, field, setField } from './header';
import { montgomery4, power4 } from './modular';

/** Goes on for up to `budget` groups of four primes of the base. True when all is done. `CURSOR` starts at 0. */
export function siqsPreparePool(budget: i32): bool {
  const padded = field(BASE_PADDED);
  const size = field(POOL_SIZE);
  let i = field(CURSOR);
  if (i == 0) {
    for (let j: u32 = 0; j < size; j++) {
      store<f64>(POOL_LOGS + 8 * j, Math.log2(load<u32>(entry(PRIMES, field(POOL_FROM) + j))));
    }
  }
  for (; i < padded && budget > 0; i += 4) {
    invertPool(i, size);
    for (let lane: u32 = 0; lane < 4; lane++) setLog(i + lane);
    budget--;
  }
  setField(CURSOR, i);
  if (i < padded) return false;
  // A prime has no inverse modulo itself.
  for (let j: u32 = 0; j < size; j++) {
    store<u32>(field(POOL_INVERSES) + ((j * padded + field(POOL_FROM) + j) << 2), 0);
  }
  layOutSlices();
  return true;
}

/** A prime that divides the multiplier has one root, not two: the sieve, which would count it twice, leaves it out. */
function setLog(i: u32): void {
  const p = load<u32>(entry(PRIMES, i));
  const log = p == 0 || load<u32>(entry(SQRTS, i)) == 0 ? 0 : Math.log2(p) * <f64>field(LOG_SCALE) + 0.5;
  store<u8>(field(LOGS) + i, <u8>log);
}

function invertPool(i: u32, size: u32): void {
  const p = v128.load(entry(PRIMES, i));
  const inverse = v128.load(entry(INVERSES, i));
  const one = fourPowers(i, 0);
  const square = fourPowers(i, 1);
  const stride = field(BASE_PADDED) << 2;
  let row = field(POOL_INVERSES) + (i << 2);
  const pool = entry(PRIMES, field(POOL_FROM));
  let product = one;
  for (let j: u32 = 0; j < size; j++) {
    v128.store(row, product);
    product = montgomery4(product, poolPrime(pool + (j << 2), p, inverse, one, square), p, inverse);
    row += stride;
  }
  let rest = power4(product, i32x4.sub(p, i32x4.splat(2)), p, inverse, one);
  for (let j = <i32>size - 1; j >= 0; j--) {
    row -= stride;
    v128.store(row, montgomery4(rest, v128.load(row), p, inverse));
    rest = montgomery4(rest, poolPrime(pool + (j << 2), p, inverse, one, square), p, inverse);
  }
}

/** The prime of the pool at `at` in Montgomery form; 1 in place of 0. */
function poolPrime(at: u32, p: v128, inverse: v128, one: v128, square: v128): v128 {
  const q = v128.load32_splat(at);
  return v128.bitselect(one, montgomery4(q, square, p, inverse), i32x4.eq(p, q));
}

/** 2^32 (kind 0) or 2^64 (kind 1) modulo four primes of the base; 0 where there is no prime. */
function fourPowers(i: u32, kind: i32): v128 {
  let result = i32x4.splat(0);
  for (let lane: u32 = 0; lane < 4; lane++) {
    const p = <u64>load<u32>(entry(PRIMES, i + lane));
    let power: u64 = 0;
    if (p != 0) {
      power = ((<u64>1) << 32) % p;
      if (kind == 1) power = (power * power) % p;
    }
    const value = i32x4.splat(<u32>power);
    if (lane == 0) result = v128.shuffle<u32>(result, value, 4, 1, 2, 3);
    else if (lane == 1) result = v128.shuffle<u32>(result, value, 0, 4, 2, 3);
    else if (lane == 2) result = v128.shuffle<u32>(result, value, 0, 1, 4, 3);
    else result = v128.shuffle<u32>(result, value, 0, 1, 2, 4);
  }
  return result;
}
