/** Rows of a log: the chunks of one save share rows, since a row of its own for each would cost more than most of them hold. Pure. */

/** Bytes at which a row is full; one chunk always fits, whatever its size. */
export const LOG_ROW_BYTES = 65_536;
/** What a row takes beside its bytes: its key, its place in the index, what is left of its last page. */
const OVERHEAD_BYTES = 64;

export interface LogRow {
  readonly bytes: Uint8Array;
  /** The lengths of the chunks, u32 little-endian each; null for a single one. */
  readonly lengths: Uint8Array | null;
}

/** The rows for these chunks, in order. */
export function packChunks(chunks: readonly Uint8Array[]): LogRow[] {
  const rows: LogRow[] = [];
  let from = 0;
  let bytes = 0;
  for (const [i, chunk] of chunks.entries()) {
    if (i > from && bytes + chunk.length > LOG_ROW_BYTES) {
      rows.push(joined(chunks.slice(from, i), bytes));
      from = i;
      bytes = 0;
    }
    bytes += chunk.length;
  }
  if (from < chunks.length) rows.push(joined(chunks.slice(from), bytes));
  return rows;
}

/** The chunks of a row: views of its bytes. */
export function unpackChunks({ bytes, lengths }: LogRow): Uint8Array[] {
  if (lengths === null) return [bytes];
  const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.length);
  const chunks: Uint8Array[] = [];
  let end = 0;
  for (let i = 0; i < lengths.length; i += 4) {
    const begin = end;
    end += view.getUint32(i, true);
    chunks.push(bytes.subarray(begin, end));
  }
  return chunks;
}

/** What a row with so many bytes counts for. */
export function rowCost(bytes: number): number {
  return bytes + OVERHEAD_BYTES;
}

function joined(chunks: readonly Uint8Array[], size: number): LogRow {
  const [only] = chunks;
  if (only && chunks.length === 1) return { bytes: only, lengths: null };
  const bytes = new Uint8Array(size);
  const lengths = new Uint8Array(4 * chunks.length);
  const view = new DataView(lengths.buffer);
  let end = 0;
  for (const [i, chunk] of chunks.entries()) {
    bytes.set(chunk, end);
    view.setUint32(4 * i, chunk.length, true);
    end += chunk.length;
  }
  return { bytes, lengths };
}
