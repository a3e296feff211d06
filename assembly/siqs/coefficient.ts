/**
 * Which primes of the pool make the next coefficient a.
 *
 * A function of the helper's number and of a counter, and of the choices before: so a run that is begun anew can pass over the
 * coefficients that an earlier one has used, and helpers with different numbers hardly ever meet.
 */
import {
  A_BASE_INDEX,
  A_COUNTER,
  A_FACTORS,
  A_LOG_TARGET,
  A_POOL_INDEX,
  A_PRIME,
  COEFFICIENT_AT,
  EXHAUSTED,
  GRAY_INDEX,
  HELPER,
  POOL_FROM,
  POOL_LOGS,
  POOL_SIZE,
  PRIMES,
  SCRATCH,
  USED,
  USED_SLOTS,
} from '../../src/kernel/siqs-header';
import { entry, field, setField } from './header';
import { copy } from '../arithmetic/natural';

const ATTEMPTS_GOOD: u32 = 12;
const ATTEMPTS_MAX: u32 = 400;

/** A well-mixed function of a 32-bit word, a bijection (Wellons, "lowbias32"). */
function mix(word: u32): u32 {
  let x = word;
  x = (x ^ (x >> 16)) * 0x7feb352d;
  x = (x ^ (x >> 15)) * 0x846ca68b;
  return x ^ (x >> 16);
}

/** Where the table of choices used has this key, or room for it (0 stands there then); 0 if it has neither. */
function findChoice(key: u32): u32 {
  const mask = field(USED_SLOTS) - 1;
  for (let slot = key & mask, i: u32 = 0; i <= mask; i++, slot = (slot + 1) & mask) {
    const at = entry(USED, slot);
    const found = load<u32>(at);
    if (found == key || found == 0) return at;
  }
  return 0;
}

function isUsed(key: u32): bool {
  const at = findChoice(key);
  return at == 0 || load<u32>(at) != 0;
}

function setUsed(key: u32): void {
  const at = findChoice(key);
  if (at != 0) store<u32>(at, key);
}

/**
 * Chooses the primes of the next coefficient, as a function of the helper's number and of a counter alone: all but one at
 * random, the last so that the product fits. Among several attempts the one closest to the target wins.
 */
export function chooseCoefficient(): void {
  const count = field(A_FACTORS);
  const size = field(POOL_SIZE);
  const target = load<f64>(A_LOG_TARGET);
  const counter = field(A_COUNTER);
  setField(A_COUNTER, counter + 1);
  let seed = mix(mix(field(HELPER) + 0x51ed270b) ^ counter);
  let bestError: f64 = Infinity;
  const best = SCRATCH;
  const trial = SCRATCH + 64;
  let attempt: u32 = 0;
  for (; attempt < ATTEMPTS_MAX; attempt++) {
    if (attempt >= ATTEMPTS_GOOD && bestError < Infinity) break;
    let sum: f64 = 0;
    for (let j: u32 = 0; j + 1 < count; j++) {
      let index: u32;
      do {
        seed = mix(seed + 0x9e3779b9);
        index = <u32>((<u64>seed * <u64>size) >> 32);
      } while (contains(trial, j, index));
      store<u32>(trial + (j << 2), index);
      sum += load<f64>(POOL_LOGS + 8 * index);
    }
    const last = closest(trial, count - 1, size, target - sum);
    store<u32>(trial + ((count - 1) << 2), last);
    const error = Math.abs(target - sum - load<f64>(POOL_LOGS + 8 * last));
    if (error >= bestError || isUsed(choiceKey(trial, count))) continue;
    bestError = error;
    copy(best, trial, count);
  }
  if (bestError == Infinity) {
    setField(EXHAUSTED, 1);
    copy(best, trial, count);
  }
  setUsed(choiceKey(best, count));
  const from = field(POOL_FROM);
  for (let j: u32 = 0; j < count; j++) {
    const index = load<u32>(best + (j << 2));
    store<u32>(A_POOL_INDEX + (j << 2), index);
    store<u32>(A_BASE_INDEX + (j << 2), from + index);
    store<u32>(A_PRIME + (j << 2), load<u32>(entry(PRIMES, from + index)));
  }
}

function contains(list: u32, length: u32, value: u32): bool {
  for (let i: u32 = 0; i < length; i++) if (load<u32>(list + (i << 2)) == value) return true;
  return false;
}

/** Of a set of pool primes, in whatever order: a hash, never 0. */
function choiceKey(list: u32, length: u32): u32 {
  let hash: u32 = 0;
  for (let i: u32 = 0; i < length; i++) hash += mix(load<u32>(list + (i << 2)) + 1);
  return max(1, mix(hash));
}

/** The member of the pool, not in `list`, whose logarithm is closest to `log`. */
function closest(list: u32, length: u32, size: u32, log: f64): u32 {
  let best: u32 = 0;
  let bestError: f64 = Infinity;
  for (let i: u32 = 0; i < size; i++) {
    const error = Math.abs(load<f64>(POOL_LOGS + 8 * i) - log);
    if (error < bestError && !contains(list, length, i)) {
      bestError = error;
      best = i;
    }
  }
  return best;
}

/** Uses up the next `count` coefficients without sieving: another run has done them. */
export function siqsSkipCoefficients(count: u32): void {
  for (let i: u32 = 0; i < count; i++) chooseCoefficient();
  setField(GRAY_INDEX, 0);
  setField(COEFFICIENT_AT, 0);
}
