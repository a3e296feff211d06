/** One page of values, put together of the pages of several replicas. Pure. */
import { compareLines, numberOfLine } from '../../domain/value-line.ts';
import type { ValueLines } from '../service.ts';

/**
 * Ascending, each number once, however many replicas keep it. The pages answer one query for at most `limit` values, so the least
 * `limit` of all are among them.
 */
export function mergedValues(pages: readonly (readonly string[])[], limit: number): ValueLines {
  // The pages ascend, and a sort of ascending runs merges them.
  const all = pages.flat().toSorted(compareLines);
  const numbers = all.map(numberOfLine);
  const merged = all.filter((_, i) => numbers[i] !== numbers[i - 1]);
  const lines = merged.slice(0, limit);
  const last = lines.at(-1);
  const isLast = merged.length <= limit && pages.every(({ length }) => length < limit);
  return last === undefined || isLast ? { lines } : { lines, next: numberOfLine(last) };
}
