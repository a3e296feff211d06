/**
 * From a dependency among the relations to two numbers x, y with x² ≡ y² (mod n): x is the product of the roots, y that of
 * the primes, each to half the exponent it has in all. A relation that a dependency meets twice cancels out.
 *
 * Roots and primes are not brought to Montgomery form one by one: a product with a number that is not takes a factor R away, and all of
 * these are given back at the end of a side. Primes are multiplied to as many limbs as n has before they meet the side.
 */
import {
  BASE_SIZE,
  CHOSEN,
  CURSOR,
  DEGREES,
  DENSE_COLUMNS,
  DEPENDENCY,
  EXPONENTS,
  FACTORS,
  LA_STAGE,
  LIMBS_N,
  N,
  NUMBER_BYTES,
  PRIMES,
  RADIX_LOST,
  RELATION_COUNT,
  RELATION_LARGE_1,
  RELATION_LARGE_2,
  RELATION_LOG,
  RELATION_OFFSETS,
  ROOT_BYTES,
  ROW_BEGINS,
  ROW_LENGTHS,
  ROW_POOL,
  SCRATCH,
  SIDE_X,
  SIDE_Y,
  SOLUTIONS,
  UNKNOWNS,
  VERTEX_KEYS,
  VERTEX_SLOTS,
} from '../../src/kernel/siqs-header';
import { enterStage, entry, field, setField } from './header';
import { listFactorsOf, ROOT_AT } from './relations';
import { limbs, montMul, ONE, R_SQUARED, residueOfWord, setModulus } from '../arithmetic/modulus';
import { copy, multiplyWord, setWord } from '../arithmetic/natural';
import { RELATION } from '../linear-algebra/row-entry';

/** Primes on their way to SIDE_Y; `SCRATCH` itself is for roots and the bases of powers. */
const PACK: u32 = SCRATCH + 2 * NUMBER_BYTES;
/** Powers up to this are multiplied in prime by prime. */
const PACKED_POWER_MAX: u32 = 4;

const BEGIN = 0;
const CHOOSE = 1;
const MULTIPLY_ROOTS = 2;
const MULTIPLY_PRIMES = 3;
const MULTIPLY_LARGE_PRIMES = 4;
const FINISHED = 5;
const IMPOSSIBLE = 6;

/**
 * 0: to be continued; 1: SIDE_X and SIDE_Y hold x and y, in Montgomery form; 2: an exponent is odd, the dependency is none
 * (it never happens unless memory was damaged). DEPENDENCY says which; LA_STAGE starts at 0.
 */
export function siqsSquareRoot(budget: i32): i32 {
  switch (field(LA_STAGE)) {
    case BEGIN:
      begin();
      return 0;
    case CHOOSE:
      choose(budget);
      return 0;
    case MULTIPLY_ROOTS:
      multiplyRoots(budget);
      return 0;
    case MULTIPLY_PRIMES:
      multiplyPrimes(budget);
      return 0;
    case MULTIPLY_LARGE_PRIMES:
      multiplyLargePrimes(budget);
      return 0;
    case FINISHED:
      return 1;
    default:
      return 2;
  }
}

function begin(): void {
  setModulus(N, field(LIMBS_N));
  memory.fill(field(CHOSEN), 0, field(RELATION_COUNT));
  memory.fill(field(EXPONENTS), 0, field(BASE_SIZE) << 2);
  memory.fill(field(DEGREES), 0, field(VERTEX_SLOTS) << 2);
  setField(RADIX_LOST, 0);
  copy(SIDE_X, ONE, limbs());
  copy(SIDE_Y, ONE, limbs());
  enterStage(CHOOSE);
}

function choose(budget: i32): void {
  const unknowns = field(DENSE_COLUMNS);
  const chosen = field(CHOSEN);
  let i = field(CURSOR);
  for (; i < unknowns && budget > 0; i++, budget--) {
    if (((load<u64>(field(SOLUTIONS) + (i << 3)) >> field(DEPENDENCY)) & 1) == 0) continue;
    const row = load<u32>(entry(UNKNOWNS, i));
    const begin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, row));
    const end = begin + (load<u32>(entry(ROW_LENGTHS, row)) << 2);
    for (let at = end - 4; at >= begin && (load<u32>(at) & RELATION) != 0; at -= 4) {
      const relation = chosen + (load<u32>(at) & ~RELATION);
      store<u8>(relation, load<u8>(relation) ^ 1);
    }
    budget -= <i32>((end - begin) >> 4);
  }
  setField(CURSOR, i);
  if (i == unknowns) enterStage(MULTIPLY_ROOTS);
}

function multiplyRoots(budget: i32): void {
  const count = field(RELATION_COUNT);
  const bytes = field(ROOT_BYTES);
  let i = field(CURSOR);
  for (; i < count && budget > 0; i++, budget--) {
    if (load<u8>(field(CHOSEN) + i) == 0) continue;
    const relation = field(RELATION_LOG) + load<u32>(entry(RELATION_OFFSETS, i));
    setWord(SCRATCH, 0, limbs());
    memory.copy(SCRATCH, relation + ROOT_AT, bytes);
    montMul(SIDE_X, SIDE_X, SCRATCH);
    setField(RADIX_LOST, field(RADIX_LOST) + 1);
    countFactors(relation);
    increment(entry(DEGREES, load<u32>(entry(RELATION_LARGE_1, i))));
    increment(entry(DEGREES, load<u32>(entry(RELATION_LARGE_2, i))));
    budget -= 32;
  }
  setField(CURSOR, i);
  if (i < count) return;
  restoreRadix(SIDE_X);
  enterStage(MULTIPLY_PRIMES);
}

/** Gives back to a side what products with numbers that are not in Montgomery form have taken away. */
function restoreRadix(side: u32): void {
  copy(SCRATCH, R_SQUARED, limbs());
  multiplyByPower(side, SCRATCH, field(RADIX_LOST));
  setField(RADIX_LOST, 0);
}

/** side = side · base^exponent, both in Montgomery form; `base` is used up. */
function multiplyByPower(side: u32, base: u32, exponent: u32): void {
  for (let e = exponent; e != 0; e >>= 1) {
    if (e & 1) montMul(side, side, base);
    if (e > 1) montMul(base, base, base);
  }
}

/** Empties PACK into SIDE_Y; the limbs that PACK has then. */
function unpackInto(): u32 {
  montMul(SIDE_Y, SIDE_Y, PACK);
  setField(RADIX_LOST, field(RADIX_LOST) + 1);
  return emptyPack();
}

function emptyPack(): u32 {
  setWord(PACK, 1, limbs());
  return 1;
}

/** Multiplies SIDE_Y by prime^exponent, perhaps by way of the `used` limbs of PACK; how many it has then. */
function multiplyPrime(prime: u32, exponent: u32, used: u32): u32 {
  if (exponent > PACKED_POWER_MAX) {
    residueOfWord(SCRATCH, prime);
    multiplyByPower(SIDE_Y, SCRATCH, exponent);
    return used;
  }
  for (let left = exponent; left > 0; left--) {
    if (used == <u32>limbs()) used = unpackInto();
    const carry = multiplyWord(PACK, PACK, prime, used);
    if (carry != 0) store<u32>(PACK + (used++ << 2), carry);
  }
  return used;
}

function increment(at: u32): void {
  store<u32>(at, load<u32>(at) + 1);
}

function countFactors(relation: u32): void {
  const end = FACTORS + (listFactorsOf(relation) << 2);
  for (let at = FACTORS; at < end; at += 4) increment(entry(EXPONENTS, load<u32>(at)));
}

function multiplyPrimes(budget: i32): void {
  const size = field(BASE_SIZE);
  let used = emptyPack();
  let i = field(CURSOR);
  for (; i < size && budget > 0; i++, budget--) {
    const exponent = load<u32>(entry(EXPONENTS, i));
    if (exponent & 1) {
      enterStage(IMPOSSIBLE);
      return;
    }
    if (exponent == 0 || i == 0) continue;
    used = multiplyPrime(i == 1 ? 2 : load<u32>(entry(PRIMES, i)), exponent >> 1, used);
    budget -= 16;
  }
  unpackInto();
  setField(CURSOR, i);
  if (i == size) enterStage(MULTIPLY_LARGE_PRIMES);
}

function multiplyLargePrimes(budget: i32): void {
  const slots = field(VERTEX_SLOTS);
  let used = emptyPack();
  let i = field(CURSOR);
  for (; i < slots && budget > 0; i++, budget--) {
    const exponent = load<u32>(entry(DEGREES, i));
    if (exponent == 0) continue;
    const prime = load<u32>(entry(VERTEX_KEYS, i));
    if (prime == 1) continue;
    if (exponent & 1) {
      enterStage(IMPOSSIBLE);
      return;
    }
    used = multiplyPrime(prime, exponent >> 1, used);
    budget -= 16;
  }
  unpackInto();
  setField(CURSOR, i);
  if (i < slots) return;
  restoreRadix(SIDE_Y);
  enterStage(FINISHED);
}
