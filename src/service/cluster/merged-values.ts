/** One page of values, put together of the pages of several replicas. Pure. */
import { compareNumbers } from '../../domain/value.ts';
import type { Value } from '../service.ts';

export interface ValueRows {
  readonly values: readonly Value[];
  /** To be given as `after` for the next page; absent at the end. */
  readonly next?: string;
}

/**
 * Ascending, each number once, however many replicas keep it. The pages answer one query for at most `limit` values, so the least
 * `limit` of all are among them.
 */
export function mergedValues(pages: readonly (readonly Value[])[], limit: number): ValueRows {
  // The pages ascend, and a sort of ascending runs merges them.
  const merged = pages
    .flat()
    .toSorted((a, b) => compareNumbers(a.number, b.number))
    .filter(({ number }, i, all) => all[i - 1]?.number !== number);
  const values = merged.slice(0, limit);
  const last = values.at(-1);
  const isLast = merged.length <= limit && pages.every(({ length }) => length < limit);
  return last === undefined || isLast ? { values } : { values, next: last.number };
}
