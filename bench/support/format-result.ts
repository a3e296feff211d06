/** Results as text for a terminal. Pure. */
import type { Cell, Result, Table } from './benchmark.ts';

export function formatResult({ tables, notes, failures }: Result): string {
  const failed = failures === 0 ? 'no failures' : `${failures} FAILURES`;
  return [...tables.map(formatTable), [...notes, failed].map((note) => `  ${note}`).join('\n')].join('\n\n');
}

function formatTable({ title, columns, rows }: Table): string {
  const texts = [columns, ...rows.map((row) => row.map(formatCell))];
  const widths = columns.map((_, i) => Math.max(...texts.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ');
  const rule = widths.map((width) => '─'.repeat(width));
  const [head = [], ...body] = texts;
  return [title, ...[head, rule, ...body].map((row) => `  ${line(row).trimEnd()}`)].join('\n');
}

/** Three significant digits, and whole numbers in full with commas. */
function formatCell(cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell) || Math.abs(cell) >= 100) return Math.round(cell).toLocaleString('en');
  return cell.toPrecision(3);
}
