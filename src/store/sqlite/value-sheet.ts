/**
 * Many values as SQLite reads them by itself: text that its `json_each` makes rows of, so that no value is a call, nor a message, of
 * its own. Pure.
 *
 * Both texts are JSON objects whose keys and values are text. `json_each` gives every member, also of keys that are repeated.
 */
import { formatFactors } from '../../domain/factorization.ts';
import type { StoredValue } from '../../domain/value.ts';

export interface ValueSheet {
  /** The factors, as `formatFactors` writes them, under each number. */
  readonly factors: string;
  /** A number under each of its primes, in decimal both: one member for each prime of each number. */
  readonly primes: string;
}

/** A sheet and the terms that its values have, as it goes to the thread of the store. */
export type SheetRow = readonly [
  factors: string,
  primes: string,
  expiresAtMs: number | null,
  version: number,
];

/** `factors` as `formatFactors` writes them. */
export function valueSheet(values: Iterable<readonly [number: string, factors: string]>): ValueSheet {
  let all = '';
  let primes = '';
  for (const [number, factors] of values) {
    all += `,"${number}":"${factors}"`;
    for (const prime of primesOf(factors)) primes += `,"${prime}":"${number}"`;
  }
  return { factors: `{${all.slice(1)}}`, primes: `{${primes.slice(1)}}` };
}

/** In order; a sheet for each run of values on the same terms. */
export function sheetRows(values: readonly StoredValue[]): SheetRow[] {
  const rows: SheetRow[] = [];
  for (let begin = 0, end = 0; begin < values.length; begin = end) {
    const { expiresAtMs, version } = values[begin]!;
    end = begin + 1;
    while (values[end]?.version === version && values[end]?.expiresAtMs === expiresAtMs) end++;
    const { factors, primes } = valueSheet(
      values.slice(begin, end).map((value) => [value.number, formatFactors(value.factors)] as const),
    );
    rows.push([factors, primes, expiresAtMs ?? null, version]);
  }
  return rows;
}

/** In decimal, without their exponents and what is known of them. */
function primesOf(factors: string): readonly string[] {
  if (factors === '') return [];
  return (PLAIN.test(factors) ? factors : factors.replaceAll(BESIDES, '')).split(' ');
}

const PLAIN = /^[\d ]*$/;
const BESIDES = /[^\d ]\d*/g;
