/**
 * From a sparse matrix to a small one: structured Gaussian elimination (LaMacchia and Odlyzko 1990; Cavallar 2000).
 *
 * Rows are lists as `relation-matrix.ts` writes them. In passes, a column of low weight is eliminated by adding its shortest row
 * to its others and dropping it; a column of weight 1 just loses its row. A pass leaves alone columns with a row that it has
 * changed already, so that its lists stay right. Large primes are columns like others.
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
import { entry, field, setField } from '../siqs/header';

const RELATION: u32 = 0x80000000;
const DEAD: u32 = 0xffffffff;
const MERGE_WEIGHT_MAX: u32 = 24;

const WEIGH = 0;
const LIST = 1;
const FILL = 2;
const ELIMINATE = 3;
const COMPACT = 4;

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
      return weigh(budget);
    case LIST:
      layOutLists(budget);
      return false;
    case FILL:
      fillLists(budget);
      return false;
    case ELIMINATE:
      eliminate(budget);
      return false;
    default:
      compact(budget);
      return false;
  }
}

function enter(stage: u32): void {
  setField(LA_STAGE, stage);
  setField(CURSOR, 0);
}

/** Counts the rows of each column; decides at the end whether another pass of merging pays. True if not. */
function weigh(budget: i32): bool {
  const weights = field(COLUMN_WEIGHTS);
  let row = field(CURSOR);
  if (row == 0) {
    memory.fill(weights, 0, field(COLUMN_COUNT) << 2);
    setField(ROW_ENTRIES, 0);
  }
  const count = field(ROW_COUNT);
  let entries = field(ROW_ENTRIES);
  for (; row < count && budget > 0; row++, budget--) {
    if (load<u32>(entry(ROW_TOUCHED, row)) == DEAD) continue;
    const length = load<u32>(entry(ROW_LENGTHS, row));
    const begin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, row));
    budget -= length;
    entries += length;
    for (let at = begin; at < begin + (length << 2); at += 4) {
      const column = load<u32>(at);
      if (column & RELATION) break;
      const weight = weights + (column << 2);
      store<u32>(weight, load<u32>(weight) + 1);
    }
  }
  setField(CURSOR, row);
  setField(ROW_ENTRIES, entries);
  if (row < count) return false;
  if (!paysToMerge(entries)) return true;
  setField(LIST_END, 0);
  enter(LIST);
  return false;
}

/** Dense elimination of N rows takes about N³ / 6,000 ns, a pass about 20 ns for each entry. */
function paysToMerge(entries: u32): bool {
  if (field(MERGE_WEIGHT) <= 2) return true;
  if (field(MERGE_WEIGHT) > MERGE_WEIGHT_MAX) return false;
  if (entries > (field(ROW_POOL_BYTES) >> 4) * 3) return false;
  if (field(ROWS_ALIVE) > field(DENSE_SIDE_MAX)) return true;
  const rows = <f64>field(ROWS_ALIVE);
  return (rows * rows * rows) / 6000 > 20 * <f64>entries;
}

/** Gives each light column a place for the list of its rows. */
function layOutLists(budget: i32): void {
  const columns = field(COLUMN_COUNT);
  const limit = field(MERGE_WEIGHT);
  const capacity = field(LISTS_BYTES);
  let end = field(LIST_END);
  let column = field(CURSOR);
  for (; column < columns && budget > 0; column++, budget--) {
    const weight = load<u32>(entry(COLUMN_WEIGHTS, column));
    const light = weight != 0 && weight <= limit && end + (weight << 2) <= capacity;
    store<u32>(entry(COLUMN_LISTS, column), light ? end : DEAD);
    if (light) end += weight << 2;
  }
  setField(LIST_END, end);
  setField(CURSOR, column);
  if (column == columns) enter(FILL);
}

/** Enters the rows into the lists; COLUMN_WEIGHTS counts down to 0 on the way for those columns. */
function fillLists(budget: i32): void {
  const lists = field(COLUMN_LISTS);
  const weights = field(COLUMN_WEIGHTS);
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
      const place = load<u32>(weights + (column << 2)) - 1;
      store<u32>(weights + (column << 2), place);
      store<u32>(field(LISTS) + list + (place << 2), row);
    }
  }
  setField(CURSOR, row);
  if (row < count) return;
  enter(ELIMINATE);
  setField(LA_REMOVED, 0);
}

function eliminate(budget: i32): void {
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
  if (column < columns && budget <= 0) return;
  setField(MERGE_PASS, pass + 1);
  // Singletons are removed to the last; other weights get a second pass only if it did much.
  const removed = field(LA_REMOVED);
  const limit = field(MERGE_WEIGHT);
  if (removed == 0 || (limit > 1 && removed * 20 < field(ROWS_ALIVE))) setField(MERGE_WEIGHT, limit + 1);
  if (field(ROW_POOL_END) > field(ROW_POOL_BYTES) >> 1) {
    enter(COMPACT);
    setField(ROW_POOL_END, 0);
  } else enter(WEIGH);
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
    const after = addLists(to, begin, load<u32>(entry(ROW_LENGTHS, row)), pivotBegin, pivotLength);
    store<u32>(entry(ROW_BEGINS, row), field(ROW_POOL_END));
    store<u32>(entry(ROW_LENGTHS, row), (after - to) >> 2);
    store<u32>(entry(ROW_TOUCHED, row), pass);
    setField(ROW_POOL_END, after - field(ROW_POOL));
  }
  store<u32>(entry(ROW_TOUCHED, pivot), DEAD);
  setField(ROWS_ALIVE, field(ROWS_ALIVE) - 1);
  setField(LA_REMOVED, field(LA_REMOVED) + 1);
  return <i32>entries;
}

/** Writes the entries that are in exactly one of two ascending lists; the address after them. */
function addLists(to: u32, a: u32, aLength: u32, b: u32, bLength: u32): u32 {
  const aEnd = a + (aLength << 2);
  const bEnd = b + (bLength << 2);
  while (a < aEnd && b < bEnd) {
    const x = load<u32>(a);
    const y = load<u32>(b);
    store<u32>(to, min(x, y));
    to += x == y ? 0 : 4;
    a += x <= y ? 4 : 0;
    b += y <= x ? 4 : 0;
  }
  memory.copy(to, a, aEnd - a);
  to += aEnd - a;
  memory.copy(to, b, bEnd - b);
  return to + (bEnd - b);
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
  enter(WEIGH);
}
