/**
 * From the log of relations to a sparse matrix: relations that cannot take part in a cycle are dropped, the others become rows.
 *
 * A row is an ascending list of u32: the columns where it is odd, then the relations it is made of with the top bit set, so
 * that adding two rows adds what they are made of as well. Columns are the base's, and then the large primes that are left.
 */
import {
  BASE_SIZE,
  CHOSEN,
  COLUMN_COUNT,
  CURSOR,
  DEGREES,
  FACTORS,
  LA_REMOVED,
  LA_STAGE,
  MERGE_PASS,
  MERGE_WEIGHT,
  RELATION_COUNT,
  RELATION_LARGE_1,
  RELATION_LARGE_2,
  RELATION_LOG,
  RELATION_OFFSETS,
  ROWS_ALIVE,
  ROW_BEGINS,
  ROW_COUNT,
  ROW_LENGTHS,
  ROW_POOL,
  ROW_POOL_BYTES,
  ROW_POOL_END,
  ROW_TOUCHED,
  VERTEX_KEYS,
  VERTEX_SLOTS,
} from '../../src/kernel/siqs-header';
import { enterStage, entry, field, setField } from '../siqs/header';
import { listFactorsOf } from '../siqs/relations';
import { RELATION } from './row-entry';

const ROW_BYTES_MAX: u32 = 2048;

const BEGIN = 0;
const COUNT_DEGREES = 1;
const PRUNE = 2;
const UNPACK = 3;

/** Goes on for about `budget` entries. True when the matrix is complete. `LA_STAGE` starts at 0. */
export function siqsUnpack(budget: i32): bool {
  switch (field(LA_STAGE)) {
    case BEGIN:
      begin();
      return false;
    case COUNT_DEGREES:
      countDegrees(budget);
      return false;
    case PRUNE:
      prune(budget);
      return false;
    default:
      return unpack(budget);
  }
}

function begin(): void {
  memory.fill(field(DEGREES), 0, field(VERTEX_SLOTS) << 2);
  memory.fill(field(CHOSEN), 1, field(RELATION_COUNT));
  enterStage(COUNT_DEGREES);
}

function degreeAt(slot: u32): u32 {
  return entry(DEGREES, slot);
}

function countDegrees(budget: i32): void {
  const count = field(RELATION_COUNT);
  let i = field(CURSOR);
  for (; i < count && budget > 0; i++, budget -= 2) {
    const one = degreeAt(load<u32>(entry(RELATION_LARGE_1, i)));
    store<u32>(one, load<u32>(one) + 1);
    const two = degreeAt(load<u32>(entry(RELATION_LARGE_2, i)));
    store<u32>(two, load<u32>(two) + 1);
  }
  setField(CURSOR, i);
  if (i < count) return;
  enterStage(PRUNE);
  setField(LA_REMOVED, 0);
}

function isDeadEnd(slot: u32): bool {
  return load<u32>(degreeAt(slot)) == 1 && load<u32>(entry(VERTEX_KEYS, slot)) != 1;
}

/** Drops relations with a large prime that no other has, until there are none: on large numbers these are most of all. */
function prune(budget: i32): void {
  const count = field(RELATION_COUNT);
  const alive = field(CHOSEN);
  let i = field(CURSOR);
  for (; i < count && budget > 0; i++, budget -= 2) {
    if (load<u8>(alive + i) == 0) continue;
    const slot1 = load<u32>(entry(RELATION_LARGE_1, i));
    const slot2 = load<u32>(entry(RELATION_LARGE_2, i));
    if (!isDeadEnd(slot1) && !isDeadEnd(slot2)) continue;
    store<u8>(alive + i, 0);
    store<u32>(degreeAt(slot1), load<u32>(degreeAt(slot1)) - 1);
    store<u32>(degreeAt(slot2), load<u32>(degreeAt(slot2)) - 1);
    setField(LA_REMOVED, field(LA_REMOVED) + 1);
  }
  setField(CURSOR, i);
  if (i < count) return;
  if (field(LA_REMOVED) != 0) {
    enterStage(PRUNE);
    setField(LA_REMOVED, 0);
    return;
  }
  enterStage(UNPACK);
  setField(ROW_COUNT, 0);
  setField(ROWS_ALIVE, 0);
  setField(ROW_POOL_END, 0);
  setField(COLUMN_COUNT, field(BASE_SIZE));
  setField(MERGE_WEIGHT, 1);
  setField(MERGE_PASS, 1);
}

/** Writes the rows of the relations still alive. */
function unpack(budget: i32): bool {
  const count = field(RELATION_COUNT);
  const alive = field(CHOSEN);
  let i = field(CURSOR);
  for (; i < count && budget > 0; i++) {
    const begin = field(ROW_POOL_END);
    if (load<u8>(alive + i) == 0 || begin + ROW_BYTES_MAX > field(ROW_POOL_BYTES)) continue;
    const row = field(ROW_COUNT);
    const end = unpackRelation(i, field(ROW_POOL) + begin) - field(ROW_POOL);
    store<u32>(entry(ROW_BEGINS, row), begin);
    store<u32>(entry(ROW_LENGTHS, row), (end - begin) >> 2);
    store<u32>(entry(ROW_TOUCHED, row), 0);
    setField(ROW_COUNT, row + 1);
    setField(ROW_POOL_END, end);
    budget -= 32;
  }
  setField(CURSOR, i);
  if (i < count) return false;
  setField(ROWS_ALIVE, field(ROW_COUNT));
  return true;
}

/** Writes the row of relation `index` at `to`; the address after it. */
function unpackRelation(index: u32, to: u32): u32 {
  const relation = field(RELATION_LOG) + load<u32>(entry(RELATION_OFFSETS, index));
  const end = FACTORS + (listFactorsOf(relation) << 2);
  // They are ascending: of equal ones each takes back the one before.
  const begin = to;
  for (let at = FACTORS; at < end; at += 4) {
    const factor = load<u32>(at);
    if (to > begin && load<u32>(to - 4) == factor) to -= 4;
    else {
      store<u32>(to, factor);
      to += 4;
    }
  }
  const slot1 = load<u32>(entry(RELATION_LARGE_1, index));
  const slot2 = load<u32>(entry(RELATION_LARGE_2, index));
  if (slot1 != slot2) {
    const column1 = columnOf(slot1);
    const column2 = columnOf(slot2);
    // Column 0 here stands for the vertex 1, which is no prime.
    if (min(column1, column2) != 0) {
      store<u32>(to, min(column1, column2));
      to += 4;
    }
    store<u32>(to, max(column1, column2));
    to += 4;
  }
  store<u32>(to, index | RELATION);
  return to + 4;
}

function columnOf(slot: u32): u32 {
  if (load<u32>(entry(VERTEX_KEYS, slot)) == 1) return 0;
  const at = degreeAt(slot);
  const known = load<u32>(at);
  if (known & RELATION) return known & ~RELATION;
  const column = field(COLUMN_COUNT);
  setField(COLUMN_COUNT, column + 1);
  store<u32>(at, column | RELATION);
  return column;
}
