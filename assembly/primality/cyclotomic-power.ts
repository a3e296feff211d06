/**
 * A power in Z[ζ]/(n) as primality proofs need it, in bounded steps:
 *
 *   (scale · Π σ_y(base)^inner(y))^exponent · Π σ_y(base)^outer(y) · extra
 *
 * where σ_y takes ζ to ζ^y and the products go over y from 1 to m - 1. The long power goes through the exponent in sliding
 * windows of up to four bits. All state between steps lies in the PRIMALITY region and in the arena, so that any thread goes on
 * with it.
 */
import { INPUT, OUTPUT, PRIMALITY, SCRATCH, SLOT_BYTES } from '../layout';
import { limbs, N, subMod } from '../arithmetic/modulus';
import { bit, copy, setWord } from '../arithmetic/natural';
import {
  conjugate,
  copyElement,
  elementAt,
  FIRST_ELEMENT,
  fromRingForm,
  ringDegree,
  ringMul,
  ringOrder,
  ringSquare,
  setRing,
  setRingOne,
  toRingForm,
} from './cyclotomic-ring';

/** What `cyclotomicPowerStep` says. */
const UNFINISHED: i32 = 0;
const FINISHED: i32 = 1;

const STAGE_OUTER: i32 = 0;
const STAGE_INNER: i32 = 1;
const STAGE_TABLE: i32 = 2;
const STAGE_POWER: i32 = 3;
const STAGE_END: i32 = 4;

const STAGE: usize = PRIMALITY + 8;
/** The next bit of the exponents at hand. */
const BIT: usize = PRIMALITY + 12;
/** The next y of a product over conjugates; the next entry of the table. */
const INDEX: usize = PRIMALITY + 16;
const EXPONENT_BITS: usize = PRIMALITY + 20;
/** A byte for each y. */
const OUTER: usize = PRIMALITY + 0x100;
const INNER: usize = PRIMALITY + 0x200;
const EXPONENT: usize = PRIMALITY + 0x400;

const BASE: i32 = FIRST_ELEMENT;
const EXTRA: i32 = FIRST_ELEMENT + 1;
/** The outer product and `extra`. */
const TAIL: i32 = FIRST_ELEMENT + 2;
const POWER: i32 = FIRST_ELEMENT + 3;
const CONJUGATE: i32 = FIRST_ELEMENT + 4;
const SCALE: i32 = FIRST_ELEMENT + 5;
/** The first, third, fifth… power of what is raised. */
const TABLE: i32 = FIRST_ELEMENT + 6;
const WINDOW_BITS: i32 = 4;
const TABLE_SIZE: i32 = 1 << (WINDOW_BITS - 1);
/** Exponents of conjugates are below this many bits. */
const SMALL_EXPONENT_BITS: i32 = 8;

/** A 0 for the subtraction of negative numbers. */
const ZERO: usize = SCRATCH + 10 * SLOT_BYTES;

/**
 * Begins a power for the order m = prime^k <= 128. At INPUT stand, as 64-bit words: the coefficients of base, those of extra,
 * inner(0) to inner(m - 1), the same of outer, scale, and then the exponent, `exponentBits` bits long, of at least 1 and at
 * most 32·LIMBS_MAX. Coefficients and scale are signed, conjugates' exponents below 256 and 0 where y is not prime to m.
 */
export function cyclotomicPowerStart(prime: i32, order: i32, exponentBits: i32): void {
  setRing(prime, order);
  let from = readElement(elementAt(BASE), INPUT);
  from = readElement(elementAt(EXTRA), from);
  from = readBytes(INNER, from);
  from = readBytes(OUTER, from);
  setWord(elementAt(SCALE), 0, limbs() * ringDegree());
  readResidue(elementAt(SCALE), load<i64>(from));
  copy(EXPONENT, from + 8, (exponentBits + 31) >> 5);
  store<i32>(EXPONENT_BITS, exponentBits);
  startProduct();
  store<i32>(STAGE, STAGE_OUTER);
}

/** Does about `productsMax` Montgomery products more; FINISHED when the coefficients stand at OUTPUT, each from a multiple of 8 bytes on. */
export function cyclotomicPowerStep(productsMax: i32): i32 {
  const degree = ringDegree();
  const cost = degree * degree;
  let left = productsMax;
  while (left > 0) {
    const stage = load<i32>(STAGE);
    if (stage == STAGE_OUTER) {
      if (multiplyConjugate(OUTER)) {
        ringMul(elementAt(TAIL), elementAt(POWER), elementAt(EXTRA));
        startProduct();
        store<i32>(STAGE, STAGE_INNER);
      }
      left -= cost;
    } else if (stage == STAGE_INNER) {
      if (multiplyConjugate(INNER)) {
        ringMul(elementAt(TABLE), elementAt(POWER), elementAt(SCALE));
        ringSquare(elementAt(POWER), elementAt(TABLE));
        store<i32>(INDEX, 1);
        store<i32>(STAGE, STAGE_TABLE);
      }
      left -= cost;
    } else if (stage == STAGE_TABLE) {
      if (enterPower()) {
        copyElement(elementAt(POWER), elementAt(TABLE + (takeWindow() >> 1)));
        store<i32>(STAGE, STAGE_POWER);
      }
      left -= cost;
    } else if (stage == STAGE_POWER) {
      left -= cost * raise();
      if (load<i32>(BIT) < 0) store<i32>(STAGE, STAGE_END);
    } else {
      ringMul(elementAt(POWER), elementAt(POWER), elementAt(TAIL));
      writeElement(elementAt(POWER));
      return FINISHED;
    }
  }
  return UNFINISHED;
}

function startProduct(): void {
  setRingOne(elementAt(POWER));
  store<i32>(BIT, SMALL_EXPONENT_BITS - 1);
  store<i32>(INDEX, 1);
}

/** One factor of the product over all conjugates, the bits of whose exponents are gone through at once. True at its end. */
function multiplyConjugate(exponents: usize): bool {
  const power = elementAt(POWER);
  const index = load<i32>(BIT);
  const order = ringOrder();
  for (let y = load<i32>(INDEX); y < order; y++) {
    if (((<i32>load<u8>(exponents + <usize>y) >> index) & 1) == 0) continue;
    conjugate(elementAt(CONJUGATE), elementAt(BASE), y);
    ringMul(power, power, elementAt(CONJUGATE));
    store<i32>(INDEX, y + 1);
    return false;
  }
  if (index == 0) return true;
  if (anyBitAbove(exponents, index)) ringSquare(power, power);
  store<i32>(BIT, index - 1);
  store<i32>(INDEX, 1);
  return false;
}

/** Whether the product is more than 1 yet. */
function anyBitAbove(exponents: usize, index: i32): bool {
  for (let y = 1; y < ringOrder(); y++) if (load<u8>(exponents + <usize>y) >> <u8>index) return true;
  return false;
}

/** The next entry of the table, by the square that stands in POWER; true at its end. */
function enterPower(): bool {
  const index = load<i32>(INDEX);
  ringMul(elementAt(TABLE + index), elementAt(TABLE + index - 1), elementAt(POWER));
  store<i32>(INDEX, index + 1);
  if (index + 1 < TABLE_SIZE) return false;
  store<i32>(BIT, load<i32>(EXPONENT_BITS) - 1);
  return true;
}

/** A zero of the exponent, or a window of it; how many products in the ring it took. */
function raise(): i32 {
  const power = elementAt(POWER);
  const high = load<i32>(BIT);
  if (high < 0) return 0;
  if (bit(EXPONENT, high) == 0) {
    ringSquare(power, power);
    store<i32>(BIT, high - 1);
    return 1;
  }
  const window = takeWindow();
  const squares = high - load<i32>(BIT);
  for (let i = 0; i < squares; i++) ringSquare(power, power);
  ringMul(power, power, elementAt(TABLE + (window >> 1)));
  return squares + 1;
}

/** The odd number that stands in the window which begins at BIT, where there is a 1; BIT goes below it. */
function takeWindow(): i32 {
  const high = load<i32>(BIT);
  let low = max(0, high - WINDOW_BITS + 1);
  while (bit(EXPONENT, low) == 0) low++;
  let window = 0;
  for (let i = high; i >= low; i--) window = 2 * window + <i32>bit(EXPONENT, i);
  store<i32>(BIT, low - 1);
  return window;
}

/** Both return what comes after at INPUT. */
function readElement(r: usize, from: usize): usize {
  const size = (<usize>limbs()) << 2;
  const degree = <usize>ringDegree();
  for (let i: usize = 0; i < degree; i++) readResidue(r + i * size, load<i64>(from + 8 * i));
  return from + 8 * degree;
}

function readBytes(to: usize, from: usize): usize {
  const order = <usize>ringOrder();
  for (let y: usize = 0; y < order; y++) store<u8>(to + y, <u8>load<u64>(from + 8 * y));
  return from + 8 * order;
}

/** r = the residue of a signed word. */
function readResidue(r: usize, value: i64): void {
  const k = limbs();
  const magnitude = <u64>(value < 0 ? -value : value);
  if (k == 1) setWord(r, <u32>(magnitude % <u64>load<u32>(N)), k);
  else {
    setWord(r, <u32>magnitude, k);
    store<u32>(r, <u32>(magnitude >> 32), 4);
  }
  toRingForm(r);
  if (value >= 0) return;
  setWord(ZERO, 0, k);
  subMod(r, ZERO, r);
}

function writeElement(a: usize): void {
  const k = limbs();
  const size = (<usize>k) << 2;
  const stride = ((<usize>k + 1) & ~1) << 2;
  for (let i: usize = 0; i < <usize>ringDegree(); i++) fromRingForm(OUTPUT + i * stride, a + i * size);
}
