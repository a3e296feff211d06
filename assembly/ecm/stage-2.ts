/**
 * Stage 2 of ECM: finds a single prime of the order between B1 and B2 (Montgomery 1987, baby steps and giant steps).
 *
 * For giant steps m·D and baby steps 0 < j < D/2 coprime to D, every prime is m·D ± j. If that prime kills the point modulo a
 * factor, then m·D·Q and j·Q have the same x there. All points are brought to one denominator, by multiplying each X by every
 * other Z: then the difference of two X is a multiple of the factor, and a pair costs one product. Giant steps come in blocks,
 * each with a common denominator of its own.
 *
 * A table's entry is X, Z and W, packed to k limbs of 4 lanes each. W holds products of Z while a denominator is made, and then,
 * of the baby steps, X over the denominator of the block.
 */
import { coverPrimeWindow, isPrimeInWindow } from '../arithmetic/prime-window';
import { laneCopy, laneLimbs, laneMul, laneMulTwo, laneSub } from '../arithmetic/lanes';
import { LANE_ONE, LANE_SLOT_BYTES } from '../arithmetic/lane-layout';
import { addPoints, copyPoint, double } from './curve';
import { ladderNextResult, ladderResult, ladderStart, ladderStep } from './ladder';
import {
  B1,
  B2,
  BABIES,
  BABIES_Z,
  GIANT,
  GIANT_BEFORE,
  GIANTS,
  GIANTS_Z,
  INDEX,
  OFFSETS,
  OTHER_PRODUCT,
  PAIR,
  POSITION,
  PRODUCT,
  Q,
  S,
  STEP,
  SUFFIX,
  T,
  TABLES,
  WIDTH,
} from './state';

/** Giant steps with one denominator: each block costs a product for each baby step. */
const BLOCK: u32 = 128;
/** Products of a step to the next multiple. */
const STEP_PRODUCTS: i32 = 6;

/** @inline */
function entryBytes(): usize {
  return 48 * <usize>laneLimbs();
}

/** @inline */
function slotBytes(): usize {
  return 16 * <usize>laneLimbs();
}

/** Where the table of the giant steps begins. */
function giantsTable(): usize {
  return TABLES + <usize>load<u32>(BABIES) * entryBytes();
}

function isCoprime(j: u32, width: u32): bool {
  if (j % 3 == 0 || j % 5 == 0) return false;
  return (width % 7 != 0 || j % 7 != 0) && (width % 11 != 0 || j % 11 != 0);
}

export function babyStepsStart(): void {
  laneCopy(PRODUCT, Q + LANE_SLOT_BYTES);
  laneCopy(OTHER_PRODUCT, LANE_ONE);
  // STEP = 2·Q; GIANT and GIANT_BEFORE go through the odd multiples of Q: (j + 2)·Q = j·Q + 2·Q, difference (j - 2)·Q.
  double(STEP, Q);
  copyPoint(GIANT_BEFORE, Q); // -1·Q has the same X and Z as 1·Q.
  copyPoint(GIANT, Q);
  store<u32>(POSITION, 1);
  store<u32>(BABIES, 0);
}

/** Fills the table; what is left of `products`, positive if it is full. */
export function babyStepsStep(products: i32): i32 {
  const width = load<u32>(WIDTH);
  let j = load<u32>(POSITION);
  let count = load<u32>(BABIES);
  for (; j < width >> 1 && products > 0; j += 2, products -= STEP_PRODUCTS) {
    if (isCoprime(j, width)) {
      store<u16>(OFFSETS + 2 * <usize>count, <u16>j);
      writeEntry(TABLES + <usize>count * entryBytes());
      count++;
    }
    advance();
  }
  store<u32>(POSITION, j);
  store<u32>(BABIES, count);
  return j < width >> 1 ? 0 : max(products, 1);
}

function writeEntry(entry: usize): void {
  laneCopy(entry, GIANT);
  laneCopy(entry + slotBytes(), GIANT + LANE_SLOT_BYTES);
}

/** From (GIANT_BEFORE, GIANT) to the next pair, one STEP on. */
function advance(): void {
  // The sum takes the place of the multiple before, which it is the last to need.
  addPoints(GIANT_BEFORE, GIANT, STEP, GIANT_BEFORE);
  for (let at: usize = 0; at < 2 * LANE_SLOT_BYTES; at += LANE_SLOT_BYTES) {
    laneCopy(S, GIANT + at);
    laneCopy(GIANT + at, GIANT_BEFORE + at);
    laneCopy(GIANT_BEFORE + at, S);
  }
}

/** Begins STEP = D·Q. */
export function giantWidthStart(): void {
  ladderStart(Q, <u64>load<u32>(WIDTH));
}

/** What is left of `products`, positive if STEP is there. */
export function giantWidthStep(products: i32): i32 {
  const left = ladderStep(products);
  if (left > 0) copyPoint(STEP, ladderResult());
  return left;
}

/** Begins GIANT = m·D·Q and GIANT_BEFORE = (m - 1)·D·Q for the first m. */
export function giantStepsStart(): void {
  const width = load<u32>(WIDTH);
  const first = max((load<u32>(B1) + (width >> 1)) / width, 1);
  store<u32>(POSITION, first);
  if (first > 1) ladderStart(STEP, <u64>(first - 1));
}

/** What is left of `products`, positive if both are there; for m = 1 there is none before. */
export function giantStepsFirst(products: i32): i32 {
  if (load<u32>(POSITION) == 1) {
    copyPoint(GIANT, STEP);
    return products;
  }
  const left = ladderStep(products);
  if (left > 0) {
    copyPoint(GIANT_BEFORE, ladderResult());
    copyPoint(GIANT, ladderNextResult());
  }
  return left;
}

/** Begins a block. False if all primes up to B2 are done. */
export function blockStart(): bool {
  store<u32>(GIANTS, 0);
  return load<u32>(POSITION) * load<u32>(WIDTH) <= load<u32>(B2);
}

/** Fills the table of a block; what is left of `products`, positive if it is full. POSITION is then the first giant step behind it. */
export function giantStepsStep(products: i32): i32 {
  const last = load<u32>(B2) / load<u32>(WIDTH);
  let m = load<u32>(POSITION);
  let count = load<u32>(GIANTS);
  const table = giantsTable();
  for (; m <= last && count < BLOCK && products > 0; m++, count++, products -= STEP_PRODUCTS) {
    writeEntry(table + <usize>count * entryBytes());
    if (m == 1) {
      // 2·D·Q is a doubling: the difference of D·Q and D·Q has no coordinates.
      copyPoint(GIANT_BEFORE, GIANT);
      double(GIANT, STEP);
    } else advance();
  }
  store<u32>(POSITION, m);
  store<u32>(GIANTS, count);
  return m <= last && count < BLOCK ? 0 : max(products, 1);
}

/** Of a pass over the table of the baby steps or the giant steps. */
export function prefixStart(isGiants: bool): void {
  laneCopy(isGiants ? GIANTS_Z : BABIES_Z, LANE_ONE);
  store<u32>(INDEX, 0);
}

/** W = the product of Z over the entries before; what is left of `products`, positive if all are done. */
export function prefixStep(isGiants: bool, products: i32): i32 {
  const product = isGiants ? GIANTS_Z : BABIES_Z;
  const table = isGiants ? giantsTable() : TABLES;
  const count = load<u32>(isGiants ? GIANTS : BABIES);
  const bytes = slotBytes();
  let i = load<u32>(INDEX);
  for (; i < count && products > 0; i++, products--) {
    const entry = table + <usize>i * entryBytes();
    laneCopy(entry + 2 * bytes, product);
    laneMul(product, product, entry + bytes);
  }
  store<u32>(INDEX, i);
  return i < count ? 0 : max(products, 1);
}

/** Begins the way back, of whose denominator that of the baby steps is a part if it is the way of the giant steps. */
export function suffixStart(isGiants: bool): void {
  laneCopy(SUFFIX, isGiants ? BABIES_Z : LANE_ONE);
  store<u32>(INDEX, load<u32>(isGiants ? GIANTS : BABIES));
}

/** X *= the product of Z over all other entries; what is left of `products`, positive if all are done. */
export function suffixStep(isGiants: bool, products: i32): i32 {
  const table = isGiants ? giantsTable() : TABLES;
  const bytes = slotBytes();
  let i = load<u32>(INDEX);
  for (; i > 0 && products > 0; i--, products -= 3) {
    const entry = table + <usize>(i - 1) * entryBytes();
    laneMul(entry, entry, entry + 2 * bytes);
    laneMulTwo(entry, entry, SUFFIX, SUFFIX, SUFFIX, entry + bytes);
  }
  store<u32>(INDEX, i);
  return i > 0 ? 0 : max(products, 1);
}

/** W = X over the denominator of the block, for the baby steps; what is left of `products`, positive if all are done. */
export function scaleStep(products: i32): i32 {
  const count = load<u32>(BABIES);
  const bytes = slotBytes();
  let i = load<u32>(INDEX);
  for (; i < count && products > 0; i++, products--) {
    const entry = TABLES + <usize>i * entryBytes();
    laneMul(entry + 2 * bytes, entry, GIANTS_Z);
  }
  store<u32>(INDEX, i);
  return i < count ? 0 : max(products, 1);
}

/** Multiplies up the differences for all primes of the block; as above. */
export function pairsStep(products: i32): i32 {
  const width = load<u32>(WIDTH);
  const half = width >> 1;
  const babies = load<u32>(BABIES);
  const giants = load<u32>(GIANTS);
  const firstGiant = load<u32>(POSITION) - giants;
  const table = giantsTable();
  const bytes = entryBytes();
  const scaled = TABLES + 2 * slotBytes();
  let i = load<u32>(INDEX);
  let baby = load<u32>(PAIR);
  for (; i < giants && products > 0; i++, baby = 0) {
    const giant = table + <usize>i * bytes;
    const center = (firstGiant + i) * width;
    coverPrimeWindow(center - half, center + half);
    let pairs = 0;
    for (; baby < babies && pairs < products; baby++) {
      const j = <u32>load<u16>(OFFSETS + 2 * <usize>baby);
      if (!isPrimeInWindow(center - j) && !isPrimeInWindow(center + j)) continue;
      pairs++;
      if (pairs & 1) {
        laneSub(S, giant, scaled + <usize>baby * bytes);
      } else {
        laneSub(T, giant, scaled + <usize>baby * bytes);
        laneMulTwo(PRODUCT, PRODUCT, S, OTHER_PRODUCT, OTHER_PRODUCT, T);
      }
    }
    if (pairs & 1) laneMul(PRODUCT, PRODUCT, S);
    products -= pairs;
    if (baby < babies) break;
  }
  store<u32>(INDEX, i);
  store<u32>(PAIR, baby);
  return i < giants ? 0 : max(products, 1);
}

/** Begins a pass of `scaleStep` or of `pairsStep`. */
export function tableStart(): void {
  store<u32>(INDEX, 0);
  store<u32>(PAIR, 0);
}
