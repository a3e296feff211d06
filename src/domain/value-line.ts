/**
 * A value as a line of text: its number, a space, and its factors as `formatFactors` writes them, such as `144 2^4 3^2`. Pure.
 *
 * What is found by a prime goes in this form from the thread of the store to the answer, through other replicas too: nothing on
 * that way looks at more of a value than its number, and a thousand of them are one string.
 */
import { formatFactors } from './factorization.ts';
import type { StoredValue } from './value.ts';

export function valueLine({ number, factors }: Pick<StoredValue, 'number' | 'factors'>): string {
  return `${number} ${formatFactors(factors)}`;
}

/** Whether it is the line of a value: all of its factors are prime. */
export function isValueLine(text: string): boolean {
  return LINE.test(text);
}

const LINE = /^[1-9]\d* (?:[1-9]\d*(?:\^[1-9]\d*)?\??(?: (?=\d)|$))*$/;

export function numberOfLine(line: string): string {
  return line.slice(0, line.indexOf(' '));
}

/** Orders lines by the size of their numbers. */
export function compareLines(a: string, b: string): number {
  const digits = a.indexOf(' ');
  const otherDigits = b.indexOf(' ');
  if (digits !== otherDigits) return digits - otherDigits;
  // Of numbers of one length the text decides, and what follows only where they are equal.
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
