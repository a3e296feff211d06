/**
 * From a sparse matrix to a small one: structured Gaussian elimination (LaMacchia and Odlyzko 1990; Cavallar 2000).
 *
 * Rows are lists as `relation-matrix.ts` writes them. First, rows with a column of weight 1 are dropped. Then, in passes, a column of low
 * weight is eliminated by adding its shortest row to its others and dropping it. A pass leaves alone columns with a row that it has
 * changed already, so that its lists stay right; the weights of columns are right at any time. Large primes are columns like others.
 *
 * Everything goes on in pieces: each `siqsMerge` call does about as much as its budget of entries allows.
 */
import {
  COLUMN_COUNT,
  COLUMN_LISTS,
  COLUMN_WEIGHTS,
  CURSOR,
  DENSE_SIDE_MAX,
  LA_REMOVED,
  LA_STAGE,
  LISTS,
  LISTS_BYTES,
  LIST_END,
  MERGE_PASS,
  MERGE_WEIGHT,
  ROWS_ALIVE,
  ROW_BEGINS,
  ROW_COUNT,
  ROW_ENTRIES,
  ROW_LENGTHS,
  ROW_POOL,
  ROW_POOL_BYTES,
  ROW_POOL_END,
  ROW_SPARE,
  ROW_TOUCHED,
} from '../../src/kernel/siqs-header';
import { enterStage, entry, field, setField } from '../siqs/header';
import { DEAD, RELATION } from './row-entry';

const MERGE_WEIGHT_MAX: u32 = 24;

const WEIGH = 0;
const DROP_SINGLES = 1;
const LIST = 2;
const FILL = 3;
const ELIMINATE = 4;
const COMPACT = 5;

/** Small matrices go through several stages in one call. */
const PIECES = 8;

/** Goes on for about `budget` entries. True when the sparse matrix is as small as is worth while. `LA_STAGE` starts at 0. */
export function siqsMerge(budget: i32): bool {
  for (let piece = 0; piece < PIECES; piece++) if (mergePiece(budget / PIECES)) return true;
  return false;
}

function mergePiece(budget: i32): bool {
  switch (field(LA_STAGE)) {
    case WEIGH:
      weigh(budget);
      return false;
    case DROP_SINGLES:
      dropSingles(budget);
      return false;
    case LIST:
      layOutLists(budget);
      return false;
    case FILL:
      fillLists(budget);
      return false;
    case ELIMINATE:
      return eliminate(budget);
    default:
      compact(budget);
      return false;
  }
}

/** Counts the rows of each column. From here on COLUMN_WEIGHTS and ROW_ENTRIES are kept right. */
function weigh(budget: i32): void {
  let row = field(CURSOR);
  if (row == 0) {
    memory.fill(field(COLUMN_WEIGHTS), 0, field(COLUMN_COUNT) << 2);
    setField(ROW_ENTRIES, 0);
  }
  const count = field(ROW_COUNT);
  for (; row < count && budget > 0; row++) {
    const length = load<u32>(entry(ROW_LENGTHS, row));
    countColumns(row, 1);
    setField(ROW_ENTRIES, field(ROW_ENTRIES) + length);
    budget -= length + 1;
  }
  setField(CURSOR, row);
  if (row < count) return;
  setField(LA_REMOVED, 0);
  enterStage(DROP_SINGLES);
}

/** Adds `difference` to the weight of each column of a row. */
function countColumns(row: u32, difference: u32): void {
  const weights = field(COLUMN_WEIGHTS);
  const begin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, row));
  const end = begin + (load<u32>(entry(ROW_LENGTHS, row)) << 2);
  for (let at = begin; at < end; at += 4) {
    const column = load<u32>(at);
    if (column & RELATION) break;
    const weight = weights + (column << 2);
    store<u32>(weight, load<u32>(weight) + difference);
  }
}

/** Rows with a column that no other row has are of no use. Goes through all of them until there are none. */
function dropSingles(budget: i32): void {
  const count = field(ROW_COUNT);
  let row = field(CURSOR);
  for (; row < count && budget > 0; row++) {
    budget--;
    if (load<u32>(entry(ROW_TOUCHED, row)) == DEAD) continue;
    budget -= <i32>load<u32>(entry(ROW_LENGTHS, row)) >> 1;
    if (hasSingle(row)) dropRow(row);
  }
  setField(CURSOR, row);
  if (row < count) return;
  const isDone = field(LA_REMOVED) == 0;
  setField(LA_REMOVED, 0);
  if (isDone) setField(MERGE_WEIGHT, 2);
  enterStage(isDone ? LIST : DROP_SINGLES);
}

function hasSingle(row: u32): bool {
  const weights = field(COLUMN_WEIGHTS);
  const begin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, row));
  const end = begin + (load<u32>(entry(ROW_LENGTHS, row)) << 2);
  for (let at = begin; at < end; at += 4) {
    const column = load<u32>(at);
    if (column & RELATION) break;
    if (load<u32>(weights + (column << 2)) == 1) return true;
  }
  return false;
}

function dropRow(row: u32): void {
  countColumns(row, -1);
  store<u32>(entry(ROW_TOUCHED, row), DEAD);
  setField(ROWS_ALIVE, field(ROWS_ALIVE) - 1);
  setField(ROW_ENTRIES, field(ROW_ENTRIES) - load<u32>(entry(ROW_LENGTHS, row)));
  setField(LA_REMOVED, field(LA_REMOVED) + 1);
}

/**
 * Whether another pass is worth its time, if it does as much as the last: it takes about 5 ns for each entry, and dense elimination of N
 * rows N³ / 2,000 ns.
 */
function paysToMerge(): bool {
  const entries = field(ROW_ENTRIES);
  if (field(MERGE_WEIGHT) <= 2) return true;
  if (field(MERGE_WEIGHT) > MERGE_WEIGHT_MAX) return false;
  if (entries > (field(ROW_POOL_BYTES) >> 4) * 3) return false;
  if (field(ROWS_ALIVE) > field(DENSE_SIDE_MAX)) return true;
  const rows = <f64>field(ROWS_ALIVE);
  return (3 * <f64>field(LA_REMOVED) * rows * rows) / 2000 > 5 * <f64>entries;
}

/** Gives each light column a place for the list of its rows: COLUMN_LISTS says where it ends. */
function layOutLists(budget: i32): void {
  const columns = field(COLUMN_COUNT);
  const limit = field(MERGE_WEIGHT);
  const capacity = field(LISTS_BYTES);
  let column = field(CURSOR);
  let end: u32 = column == 0 ? 0 : field(LIST_END);
  for (; column < columns && budget > 0; column++, budget--) {
    const weight = load<u32>(entry(COLUMN_WEIGHTS, column));
    const light = weight != 0 && weight <= limit && end + (weight << 2) <= capacity;
    if (light) end += weight << 2;
    store<u32>(entry(COLUMN_LISTS, column), light ? end : DEAD);
  }
  setField(LIST_END, end);
  setField(CURSOR, column);
  if (column == columns) enterStage(FILL);
}

/** Enters the rows into the lists, from their ends: at last COLUMN_LISTS says where they begin. */
function fillLists(budget: i32): void {
  const lists = field(COLUMN_LISTS);
  const count = field(ROW_COUNT);
  let row = field(CURSOR);
  for (; row < count && budget > 0; row++, budget--) {
    if (load<u32>(entry(ROW_TOUCHED, row)) == DEAD) continue;
    const length = load<u32>(entry(ROW_LENGTHS, row));
    const begin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, row));
    budget -= length;
    for (let at = begin; at < begin + (length << 2); at += 4) {
      const column = load<u32>(at);
      if (column & RELATION) break;
      const list = load<u32>(lists + (column << 2));
      if (list == DEAD) continue;
      store<u32>(lists + (column << 2), list - 4);
      store<u32>(field(LISTS) + list - 4, row);
    }
  }
  setField(CURSOR, row);
  if (row < count) return;
  enterStage(ELIMINATE);
  setField(LA_REMOVED, 0);
}

/** Eliminates light columns; at the end it decides whether another pass pays. True if not. */
function eliminate(budget: i32): bool {
  const columns = field(COLUMN_COUNT);
  const pass = field(MERGE_PASS);
  // Lists lie one after the other in the order of columns: the next light column tells where a list ends.
  let column = field(CURSOR);
  while (column < columns && budget > 0) {
    const list = load<u32>(entry(COLUMN_LISTS, column));
    if (list == DEAD) {
      column++;
      budget--;
      continue;
    }
    let next = column + 1;
    while (next < columns && load<u32>(entry(COLUMN_LISTS, next)) == DEAD) next++;
    const end = next < columns ? load<u32>(entry(COLUMN_LISTS, next)) : field(LIST_END);
    budget -= <i32>(next - column) + 4;
    if (!isTouched(list, end, pass)) {
      const done = eliminateColumn(list, end, pass);
      if (done < 0) break;
      budget -= done;
    }
    column = next;
  }
  setField(CURSOR, column);
  if (column < columns && budget <= 0) return false;
  setField(MERGE_PASS, pass + 1);
  // A weight gets a second pass only if the first did much.
  if (field(LA_REMOVED) * 20 < field(ROWS_ALIVE)) setField(MERGE_WEIGHT, field(MERGE_WEIGHT) + 1);
  if (!paysToMerge()) return true;
  if (field(ROW_POOL_END) > field(ROW_POOL_BYTES) >> 1) {
    enterStage(COMPACT);
    setField(ROW_POOL_END, 0);
  } else enterStage(LIST);
  return false;
}

function isTouched(list: u32, end: u32, pass: u32): bool {
  for (let at = field(LISTS) + list; at < field(LISTS) + end; at += 4) {
    if (load<u32>(entry(ROW_TOUCHED, load<u32>(at))) >= pass) return true;
  }
  return false;
}

/** Eliminates a column with the rows of its list. About how many entries that touched; −1 if there is no room. */
function eliminateColumn(list: u32, end: u32, pass: u32): i32 {
  const first = field(LISTS) + list;
  const last = field(LISTS) + end;
  let pivot = load<u32>(first);
  let entries: u32 = 0;
  for (let at = first; at < last; at += 4) {
    const row = load<u32>(at);
    const length = load<u32>(entry(ROW_LENGTHS, row));
    entries += length;
    if (length < load<u32>(entry(ROW_LENGTHS, pivot))) pivot = row;
  }
  const pivotLength = load<u32>(entry(ROW_LENGTHS, pivot));
  entries += pivotLength * ((last - first) >> 2);
  if (field(ROW_POOL_END) + (entries << 2) > field(ROW_POOL_BYTES)) return -1;
  const pivotBegin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, pivot));
  for (let at = first; at < last; at += 4) {
    const row = load<u32>(at);
    if (row == pivot) continue;
    const to = field(ROW_POOL) + field(ROW_POOL_END);
    const begin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, row));
    const length = load<u32>(entry(ROW_LENGTHS, row));
    const after = addLists(to, begin, length, pivotBegin, pivotLength);
    store<u32>(entry(ROW_BEGINS, row), field(ROW_POOL_END));
    store<u32>(entry(ROW_LENGTHS, row), (after - to) >> 2);
    setField(ROW_ENTRIES, field(ROW_ENTRIES) + ((after - to) >> 2) - length);
    store<u32>(entry(ROW_TOUCHED, row), pass);
    setField(ROW_POOL_END, after - field(ROW_POOL));
  }
  dropRow(pivot);
  return <i32>entries;
}

/**
 * Writes the entries that are in exactly one of two ascending lists, of which the second is added to the first, and counts its columns: those
 * that both have are one row less, the others one more. The address after them.
 */
function addLists(to: u32, a: u32, aLength: u32, b: u32, bLength: u32): u32 {
  const weights = field(COLUMN_WEIGHTS);
  const aEnd = a + (aLength << 2);
  const bEnd = b + (bLength << 2);
  while (a < aEnd && b < bEnd) {
    const x = load<u32>(a);
    const y = load<u32>(b);
    store<u32>(to, min(x, y));
    to += x == y ? 0 : 4;
    a += x <= y ? 4 : 0;
    if (y > x) continue;
    b += 4;
    if (y & RELATION) continue;
    const weight = weights + (y << 2);
    store<u32>(weight, load<u32>(weight) + (x == y ? -1 : 1));
  }
  memory.copy(to, a, aEnd - a);
  to += aEnd - a;
  for (; b < bEnd; b += 4, to += 4) {
    const y = load<u32>(b);
    store<u32>(to, y);
    if (y & RELATION) continue;
    const weight = weights + (y << 2);
    store<u32>(weight, load<u32>(weight) + 1);
  }
  return to;
}

/**
 * Moves the rows that are left to the beginning of the pool. Rows are not in the order of their addresses, so they go by way
 * of the other half: merging stops before they fill more than one.
 */
function compact(budget: i32): void {
  const count = field(ROW_COUNT);
  const pool = field(ROW_POOL);
  const spare = field(ROW_SPARE);
  let row = field(CURSOR);
  let end = field(ROW_POOL_END);
  for (; row < count && budget > 0; row++, budget--) {
    if (load<u32>(entry(ROW_TOUCHED, row)) == DEAD) continue;
    const bytes = load<u32>(entry(ROW_LENGTHS, row)) << 2;
    memory.copy(spare + end, pool + load<u32>(entry(ROW_BEGINS, row)), bytes);
    store<u32>(entry(ROW_BEGINS, row), end);
    end += bytes;
    budget -= <i32>(bytes >> 4);
  }
  setField(CURSOR, row);
  setField(ROW_POOL_END, end);
  if (row < count) return;
  setField(ROW_POOL, spare);
  setField(ROW_SPARE, pool);
  enterStage(LIST);
}
