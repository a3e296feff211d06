/**
 * The kernel of a dense matrix over GF(2), by the method of the four Russians (Arlazarov et al. 1970; Bard 2006).
 *
 * A row of the matrix is an equation (a column that merging has left), a bit in it an unknown (a row that merging has left).
 * Eight unknowns make a panel: up to eight pivot rows are found and reduced among each other, their 256 sums tabulated, and
 * one of them added to each row below. Up to 64 solutions are then found at once by substituting backwards. All in pieces.
 */
import {
  COLUMN_COUNT,
  COLUMN_WEIGHTS,
  CURSOR,
  DENSE_COLUMNS,
  DENSE_PANEL,
  DENSE_RANK,
  DENSE_ROWS,
  DENSE_SIDE_MAX,
  DENSE_STRIDE,
  DEPENDENCY_COUNT,
  LA_STAGE,
  MATRIX,
  PANEL_PIVOTS,
  PANEL_TABLE,
  PIVOT_COLUMNS,
  ROW_BEGINS,
  ROW_COUNT,
  ROW_LENGTHS,
  ROW_POOL,
  ROW_TOUCHED,
  SCRATCH,
  SOLUTIONS,
  UNKNOWNS,
} from '../../src/kernel/siqs-header';
import { entry, field, setField } from '../siqs/header';
import { DEAD, RELATION } from './row-entry';

/** More unknowns than equations by this are enough for any number of solutions. */
const EXCESS_MAX: u32 = 192;
const SOLUTIONS_MAX: u32 = 64;
/** In the scratch area: per pivot of a panel its bit in the byte (u32); per bit the row with it (u8); then for each byte the sum to add (u8). */
const PIVOT_BITS = SCRATCH;
const ROW_OF_BIT = SCRATCH + 32;
const SUM_OF_BYTE = SCRATCH + 64;

const LAY_OUT = 0;
const FILL = 1;
const FIND_PIVOTS = 2;
const APPLY = 3;
const SUBSTITUTE = 4;
const FINISHED = 5;
const TOO_LARGE = 6;

/** Small matrices go through several stages in one call. */
const PIECES = 16;

/** 0: to be continued; 1: done, DEPENDENCY_COUNT solutions stand in SOLUTIONS; 2: the matrix does not fit. `LA_STAGE` starts at 0. */
export function siqsSolve(budget: i32): i32 {
  for (let piece = 0; piece < PIECES && <i32>field(LA_STAGE) < FINISHED; piece++) solvePiece(budget / PIECES);
  return max(0, <i32>field(LA_STAGE) - SUBSTITUTE);
}

function solvePiece(budget: i32): void {
  switch (field(LA_STAGE)) {
    case LAY_OUT:
      layOut();
      break;
    case FILL:
      fill(budget);
      break;
    case FIND_PIVOTS:
      findPivots();
      break;
    case APPLY:
      applyPanel(budget);
      break;
    default:
      substitute(budget);
  }
}

/** Numbers what is left of the sparse matrix: COLUMN_WEIGHTS becomes the equation of a column, UNKNOWNS lists the rows. */
function layOut(): void {
  let equations: u32 = 0;
  for (let column: u32 = 0; column < field(COLUMN_COUNT); column++) {
    const at = entry(COLUMN_WEIGHTS, column);
    if (load<u32>(at) != 0) store<u32>(at, equations++);
  }
  let unknowns: u32 = 0;
  for (let row: u32 = 0; row < field(ROW_COUNT); row++) {
    if (load<u32>(entry(ROW_TOUCHED, row)) == DEAD) continue;
    if (unknowns >= equations + EXCESS_MAX) break;
    store<u32>(entry(UNKNOWNS, unknowns++), row);
  }
  const stride = ((unknowns + 127) >> 7) << 4;
  setField(DENSE_ROWS, equations);
  setField(DENSE_COLUMNS, unknowns);
  setField(DENSE_STRIDE, stride);
  setField(DENSE_RANK, 0);
  setField(DENSE_PANEL, 0);
  setField(CURSOR, 0);
  setField(LA_STAGE, max(unknowns, equations) <= field(DENSE_SIDE_MAX) ? FILL : TOO_LARGE);
}

/** Clears the matrix, then sets its bits. */
function fill(budget: i32): void {
  const stride = field(DENSE_STRIDE);
  const matrix = field(MATRIX);
  const equations = field(DENSE_ROWS);
  const total = equations + field(DENSE_COLUMNS);
  let at = field(CURSOR);
  for (; at < total && budget > 0; at++) {
    if (at < equations) {
      memory.fill(matrix + at * stride, 0, stride);
      budget -= <i32>(stride >> 6) + 1;
      continue;
    }
    const unknown = at - equations;
    const row = load<u32>(entry(UNKNOWNS, unknown));
    const begin = field(ROW_POOL) + load<u32>(entry(ROW_BEGINS, row));
    const end = begin + (load<u32>(entry(ROW_LENGTHS, row)) << 2);
    budget -= <i32>((end - begin) >> 1);
    for (let item = begin; item < end; item += 4) {
      const column = load<u32>(item);
      if (column & RELATION) break;
      const byte = matrix + load<u32>(entry(COLUMN_WEIGHTS, column)) * stride + (unknown >> 3);
      store<u8>(byte, <u32>load<u8>(byte) | (1 << (unknown & 7)));
    }
  }
  setField(CURSOR, at);
  if (at == total) setField(LA_STAGE, FIND_PIVOTS);
}

function findPivots(): void {
  const panel = field(DENSE_PANEL);
  const unknowns = field(DENSE_COLUMNS);
  const rank = field(DENSE_RANK);
  const rows = field(DENSE_ROWS);
  if (panel >= unknowns || rank >= rows) {
    startSubstitution();
    return;
  }
  const stride = field(DENSE_STRIDE);
  const matrix = field(MATRIX);
  const byteAt = panel >> 3;
  const from = byteAt & ~15;
  const top = matrix + rank * stride;
  const bits = min(8, unknowns - panel);
  let pivots: u32 = 0;
  for (let bit: u32 = 0; bit < bits; bit++) {
    const found = findPivot(bit, pivots, rank, rows, stride, byteAt);
    if (found == DEAD) continue;
    const row = matrix + found * stride;
    for (let t: u32 = 0; t < pivots; t++) {
      if ((load<u8>(row + byteAt) >> load<u32>(PIVOT_BITS + (t << 2))) & 1)
        addRow(row, top + t * stride, from, stride);
    }
    const place = top + pivots * stride;
    if (row != place) swapRows(row, place, from, stride);
    for (let t: u32 = 0; t < pivots; t++) {
      const other = top + t * stride;
      if ((load<u8>(other + byteAt) >> bit) & 1) addRow(other, place, from, stride);
    }
    store<u32>(PIVOT_BITS + (pivots << 2), bit);
    store<u32>(entry(PIVOT_COLUMNS, rank + pivots), panel + bit);
    pivots++;
  }
  setField(PANEL_PIVOTS, pivots);
  tabulate(top, pivots, from, stride);
  setField(CURSOR, rank + pivots);
  setField(LA_STAGE, APPLY);
}

/** The first row below the pivots that has `bit` when reduced by the `pivots` found in this panel; DEAD if none has. */
function findPivot(bit: u32, pivots: u32, rank: u32, rows: u32, stride: u32, byteAt: u32): u32 {
  const matrix = field(MATRIX);
  for (let row = rank + pivots; row < rows; row++) {
    const byte = <u32>load<u8>(matrix + row * stride + byteAt);
    let reduced = byte;
    for (let t: u32 = 0; t < pivots; t++) {
      if ((byte >> load<u32>(PIVOT_BITS + (t << 2))) & 1)
        reduced ^= <u32>load<u8>(matrix + (rank + t) * stride + byteAt);
    }
    if ((reduced >> bit) & 1) return row;
  }
  return DEAD;
}

function addRow(to: u32, row: u32, from: u32, stride: u32): void {
  for (let at = from; at < stride; at += 16)
    v128.store(to + at, v128.xor(v128.load(to + at), v128.load(row + at)));
}

function swapRows(a: u32, b: u32, from: u32, stride: u32): void {
  for (let at = from; at < stride; at += 16) {
    const x = v128.load(a + at);
    v128.store(a + at, v128.load(b + at));
    v128.store(b + at, x);
  }
}

/** All sums of the pivot rows, sum m being that of the rows whose bits m has; and which of them clears a byte of the panel. */
function tabulate(top: u32, pivots: u32, from: u32, stride: u32): void {
  const table = field(PANEL_TABLE);
  memory.fill(table + from, 0, stride - from);
  for (let t: u32 = 0; t < pivots; t++) {
    const row = top + t * stride;
    for (let m: u32 = 0; m < <u32>(1 << t); m++) {
      const source = table + m * stride;
      const target = table + ((1 << t) + m) * stride;
      for (let at = from; at < stride; at += 16)
        v128.store(target + at, v128.xor(v128.load(source + at), v128.load(row + at)));
    }
  }
  // The sum of a byte is that of the byte without its lowest bit, and the row that has this bit.
  memory.fill(ROW_OF_BIT, 0, 8);
  for (let t: u32 = 0; t < pivots; t++)
    store<u8>(ROW_OF_BIT + load<u32>(PIVOT_BITS + (t << 2)), <u8>((<u32>1) << t));
  store<u8>(SUM_OF_BYTE, 0);
  for (let byte: u32 = 1; byte < 256; byte++) {
    const rest = <u32>load<u8>(SUM_OF_BYTE + (byte & (byte - 1)));
    store<u8>(SUM_OF_BYTE + byte, <u8>(rest | <u32>load<u8>(ROW_OF_BIT + <u32>ctz(byte))));
  }
}

function applyPanel(budget: i32): void {
  const stride = field(DENSE_STRIDE);
  const panel = field(DENSE_PANEL);
  const byteAt = panel >> 3;
  const from = byteAt & ~15;
  const rows = field(DENSE_ROWS);
  const matrix = field(MATRIX);
  const table = field(PANEL_TABLE);
  const rowCost = <i32>((stride - from) >> 5) + 2;
  let i = field(CURSOR);
  for (; i < rows && budget > 0; i++, budget -= rowCost) {
    const row = matrix + i * stride;
    const sum = <u32>load<u8>(SUM_OF_BYTE + <u32>load<u8>(row + byteAt));
    if (sum != 0) addRow(row, table + sum * stride, from, stride);
  }
  setField(CURSOR, i);
  if (i < rows) return;
  setField(DENSE_RANK, field(DENSE_RANK) + field(PANEL_PIVOTS));
  setField(DENSE_PANEL, panel + 8);
  setField(LA_STAGE, FIND_PIVOTS);
}

/** Solution s sets the s-th unknown without a pivot, and no other such. */
function startSubstitution(): void {
  const unknowns = field(DENSE_COLUMNS);
  const rank = field(DENSE_RANK);
  let pivot: u32 = 0;
  let free: u32 = 0;
  for (let unknown: u32 = 0; unknown < unknowns; unknown++) {
    const at = field(SOLUTIONS) + (unknown << 3);
    store<u64>(at, 0);
    if (pivot < rank && load<u32>(entry(PIVOT_COLUMNS, pivot)) == unknown) pivot++;
    else if (free < SOLUTIONS_MAX) store<u64>(at, (<u64>1) << free++);
  }
  setField(DEPENDENCY_COUNT, free);
  setField(CURSOR, rank);
  setField(LA_STAGE, SUBSTITUTE);
}

function substitute(budget: i32): void {
  const stride = field(DENSE_STRIDE);
  const solutions = field(SOLUTIONS);
  let i = field(CURSOR);
  for (; i > 0 && budget > 0; i--) {
    const row = field(MATRIX) + (i - 1) * stride;
    const column = load<u32>(entry(PIVOT_COLUMNS, i - 1));
    let value: u64 = 0;
    for (let at = (column >> 6) << 3; at < stride; at += 8) {
      const base = solutions + (at << 6);
      for (let word = load<u64>(row + at); word != 0; word &= word - 1)
        value ^= load<u64>(base + ((<u32>ctz(word)) << 3));
      budget -= 16;
    }
    store<u64>(solutions + (column << 3), value);
  }
  setField(CURSOR, i);
  if (i == 0) setField(LA_STAGE, FINISHED);
}
