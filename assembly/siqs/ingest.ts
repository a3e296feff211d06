/**
 * Taking in relations from outside: another thread's, or those of a run that was cut short. They wait at the end of the log's
 * memory, which they leave at least as fast as the log grows; each is checked in full, so that nothing wrong gets in.
 */
import {
  FACTORS,
  KN,
  NUMBER_BYTES,
  PENDING_BEGIN,
  PENDING_END,
  PRIMES,
  RELATION_LOG,
  ROOT,
  ROOT_BYTES,
  SIDE_X,
  SIDE_Y,
} from '../../src/kernel/siqs-header';
import { entry, field, setField } from './header';
import { equals, multiply, multiplyWord, setWord, sub } from '../arithmetic/natural';
import { addRelation, listFactors, ROOT_AT } from './relations';

/** Takes in up to `budget` waiting relations; true when none is left. Those that are not right are passed over: their lengths are (`decodeChunk`). */
export function siqsIngest(budget: i32): bool {
  if (field(PENDING_BEGIN) >= field(PENDING_END)) return true;
  for (; budget > 0 && field(PENDING_BEGIN) < field(PENDING_END); budget--) {
    const begin = field(PENDING_BEGIN);
    const at = field(RELATION_LOG) + begin;
    const length = <u32>load<u16>(at);
    setField(PENDING_BEGIN, begin + length);
    const factorsAt = at + ROOT_AT + field(ROOT_BYTES);
    if (at + length <= factorsAt) continue;
    const large1 = load<u32>(at, 2);
    const large2 = load<u32>(at, 6);
    setWord(ROOT, 0, NUMBER_BYTES >> 2);
    memory.copy(ROOT, at + ROOT_AT, field(ROOT_BYTES));
    const count = listFactors(factorsAt, at + length);
    if (count != 0 && large1 != 0 && large2 >= large1 && holds(large1, large2, count))
      addRelation(large1, large2, count, true);
  }
  return field(PENDING_BEGIN) >= field(PENDING_END);
}

/**
 * Whether ROOT² − kn is the product of the factors and the large primes: an identity of integers, which every value of every polynomial
 * fulfils (4a · v = (2ax + b)² − kn), and so a proof of the congruence at a small part of what products modulo n cost.
 */
function holds(large1: u32, large2: u32, count: u32): bool {
  const rootLimbs = field(ROOT_BYTES) >> 2;
  const limbs = rootLimbs << 1;
  setWord(SIDE_Y, 1, limbs);
  let used: u32 = 1;
  let negative = false;
  let word: u64 = 1;
  for (let i: u32 = 0; i < count + 2; i++) {
    let prime: u64;
    if (i < count) {
      const factor = load<u32>(FACTORS + (i << 2));
      if (factor == 0) {
        negative = !negative;
        continue;
      }
      prime = factor == 1 ? 2 : <u64>load<u32>(entry(PRIMES, factor));
    } else prime = i == count ? large1 : large2;
    if (word * prime > u32.MAX_VALUE) {
      used = extendProduct(<u32>word, used, limbs);
      if (used > limbs) return false;
      word = 1;
    }
    word *= prime;
  }
  if (extendProduct(<u32>word, used, limbs) > limbs) return false;
  multiply(SIDE_X, ROOT, ROOT, rootLimbs);
  const borrow = negative ? sub(SIDE_X, KN, SIDE_X, limbs) : sub(SIDE_X, SIDE_X, KN, limbs);
  return borrow == 0 && equals(SIDE_X, SIDE_Y, limbs);
}

/** Multiplies the `used` limbs of SIDE_Y by a word; how many it has then, more than `limbs` if it has no room for the last. */
function extendProduct(word: u32, used: u32, limbs: u32): u32 {
  const carry = multiplyWord(SIDE_Y, SIDE_Y, word, used);
  if (carry == 0) return used;
  if (used < limbs) store<u32>(SIDE_Y + (used << 2), carry);
  return used + 1;
}
