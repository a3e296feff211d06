/** Rows that travel between the threads as one flat array, which is copied in half the time of an array of arrays. Pure. */

/** The rows, of `fields` fields each, of a flat array. */
export function rowsOf<Row extends readonly unknown[]>(flat: readonly Row[number][], fields: number): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < flat.length; i += fields) rows.push(flat.slice(i, i + fields) as unknown as Row);
  return rows;
}
