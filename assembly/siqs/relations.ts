/**
 * The log of relations, and the count of cycles among those with large primes.
 *
 * A relation is root² ≡ ∏ prime(i) · large1 · large2 (mod n), the product over its factors with multiplicity; factor 0 is
 * −1 and factor 1 is 2. In the log, an append-only array of bytes, it is
 *
 *   u16 length in bytes, the top bit set if it was fed from outside · u32 large1 · u32 large2 (1 if absent, large1 ≤ large2)
 *   · the root, ROOT_BYTES bytes · the factors ascending, each in groups of 7 bits, least significant first
 *
 * Large primes are the vertices, relations the edges of a graph, 1 being a vertex too; edges less vertices plus components is
 * the number of independent cycles (Lenstra and Manasse 1994), each as good as a complete relation.
 */
import {
  BASE_SIZE,
  CURSOR,
  CYCLE_COUNT,
  FACTORS,
  FULL_COUNT,
  LOG_CAPACITY,
  LOG_END,
  RELATION_COUNT,
  RELATION_LARGE_1,
  RELATION_LARGE_2,
  RELATION_LOG,
  RELATION_MAX,
  RELATION_OFFSETS,
  ROOT,
  ROOT_BYTES,
  SEEN,
  SEEN_SLOTS,
  VERTEX_KEYS,
  VERTEX_PARENTS,
  VERTEX_SLOTS,
} from '../../src/kernel/siqs-header';
import { entry, field, setField } from './header';

const FED: u32 = 0x8000;
/** Where the root begins: behind the length and the large primes. */
export const ROOT_AT: u32 = 10;
/** The most factors that are listed; no relation of the sieve's own has as many. */
const FACTORS_MAX: u32 = 400;

/** Zeroes up to `bytes` bytes of the tables that must begin empty, which lie one after the other. True when all are. `CURSOR` starts at 0. */
export function siqsClear(bytes: u32): bool {
  const begin = field(VERTEX_KEYS) + field(CURSOR);
  const length = min(bytes, field(VERTEX_PARENTS) - begin);
  memory.fill(begin, 0, length);
  setField(CURSOR, field(CURSOR) + length);
  return begin + length == field(VERTEX_PARENTS);
}

/** Adds the relation in ROOT and FACTORS, unless it is known already or there is no room left for one that is not complete. */
export function addRelation(large1: u32, large2: u32, count: u32, fed: bool): void {
  if (isScarce() && !closesCycle(large1, large2)) return;
  const index = field(RELATION_COUNT);
  const offset = field(LOG_END);
  const begin = field(RELATION_LOG) + offset;
  if (
    index >= field(RELATION_MAX) ||
    offset + ROOT_AT + field(ROOT_BYTES) + 5 * count > field(LOG_CAPACITY) ||
    !isNew()
  )
    return;
  sortFactors(count);
  store<u32>(begin, large1, 2);
  store<u32>(begin, large2, 6);
  memory.copy(begin + ROOT_AT, ROOT, field(ROOT_BYTES));
  let at = begin + ROOT_AT + field(ROOT_BYTES);
  for (let i: u32 = 0; i < count; i++) {
    let factor = load<u32>(FACTORS + (i << 2));
    for (; factor >= 128; factor >>= 7) store<u8>(at++, factor | 128);
    store<u8>(at++, factor);
  }
  const length = at - begin;
  store<u16>(begin, length | (fed ? FED : 0));
  setField(LOG_END, offset + length);
  const slot1 = vertexOf(large1);
  const slot2 = vertexOf(large2);
  store<u32>(entry(RELATION_OFFSETS, index), offset);
  store<u32>(entry(RELATION_LARGE_1, index), slot1);
  store<u32>(entry(RELATION_LARGE_2, index), slot2);
  setField(RELATION_COUNT, index + 1);
  if (large2 == 1) setField(FULL_COUNT, field(FULL_COUNT) + 1);
  join(slot1, slot2);
}

/** Lists the factors of a relation of the log in FACTORS, ascending; their number. */
export function listFactorsOf(relation: u32): u32 {
  return listFactors(relation + ROOT_AT + field(ROOT_BYTES), relation + (load<u16>(relation) & ~FED));
}

/** Lists the factors that stand in [at, end) in FACTORS; their number, or 0 if they are not well formed. */
export function listFactors(at: u32, end: u32): u32 {
  const size = field(BASE_SIZE);
  let count: u32 = 0;
  while (at < end) {
    let factor: u32 = 0;
    let shift: u32 = 0;
    let byte: u32 = 128;
    while (byte & 128) {
      if (at >= end || shift > 21) return 0;
      byte = load<u8>(at++);
      factor |= (byte & 127) << shift;
      shift += 7;
    }
    if (factor >= size || count >= FACTORS_MAX) return 0;
    store<u32>(FACTORS + (count++ << 2), factor);
  }
  return count;
}

/** The last fifth of the log is kept for relations that close a cycle, so that the sieve comes to its end whatever happens. */
function isScarce(): bool {
  return (
    field(RELATION_COUNT) > (field(RELATION_MAX) / 5) * 4 || field(LOG_END) > (field(LOG_CAPACITY) / 5) * 4
  );
}

function closesCycle(large1: u32, large2: u32): bool {
  const slot1 = findVertex(large1);
  const slot2 = findVertex(large2);
  if (load<u32>(entry(VERTEX_KEYS, slot1)) == 0 || load<u32>(entry(VERTEX_KEYS, slot2)) == 0)
    return large1 == large2;
  return componentOf(slot1) == componentOf(slot2);
}

/** The table of known roots holds 32 bits of a 64-bit hash, found by its others: a false match loses one relation in 10^9. */
function isNew(): bool {
  let hash: u64 = 0;
  for (let i: u32 = 0; i < field(ROOT_BYTES); i += 4) {
    hash = (hash ^ <u64>load<u32>(ROOT + i)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  const key = <u32>(hash >> 32) | 1;
  const mask = field(SEEN_SLOTS) - 1;
  for (let slot = <u32>hash & mask; ; slot = (slot + 1) & mask) {
    const found = load<u32>(entry(SEEN, slot));
    if (found == key) return false;
    if (found != 0) continue;
    store<u32>(entry(SEEN, slot), key);
    return true;
  }
}

function sortFactors(count: u32): void {
  for (let i: u32 = 1; i < count; i++) {
    const factor = load<u32>(FACTORS + (i << 2));
    let j = i;
    for (; j > 0 && load<u32>(FACTORS + (j << 2) - 4) > factor; j--) {
      store<u32>(FACTORS + (j << 2), load<u32>(FACTORS + (j << 2) - 4));
    }
    store<u32>(FACTORS + (j << 2), factor);
  }
}

/** The slot of a large prime in the vertex table, or the empty one where it belongs. The table is never full. */
function findVertex(prime: u32): u32 {
  const mask = field(VERTEX_SLOTS) - 1;
  let slot = ((prime * 0x9e3779b9) >> 8) & mask;
  while (true) {
    const found = load<u32>(entry(VERTEX_KEYS, slot));
    if (found == prime || found == 0) return slot;
    slot = (slot + 1) & mask;
  }
}

function vertexOf(prime: u32): u32 {
  const slot = findVertex(prime);
  if (load<u32>(entry(VERTEX_KEYS, slot)) == 0) {
    store<u32>(entry(VERTEX_KEYS, slot), prime);
    store<u32>(entry(VERTEX_PARENTS, slot), slot);
  }
  return slot;
}

/** Union-find with path halving: an edge within a component closes a cycle. */
function join(slot1: u32, slot2: u32): void {
  const x = componentOf(slot1);
  const y = componentOf(slot2);
  if (x == y) setField(CYCLE_COUNT, field(CYCLE_COUNT) + 1);
  else store<u32>(entry(VERTEX_PARENTS, x), y);
}

function componentOf(slot: u32): u32 {
  let x = slot;
  while (true) {
    const parent = load<u32>(entry(VERTEX_PARENTS, x));
    if (parent == x) return x;
    const grandparent = load<u32>(entry(VERTEX_PARENTS, parent));
    store<u32>(entry(VERTEX_PARENTS, x), grandparent);
    x = grandparent;
  }
}
