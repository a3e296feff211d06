/**
 * How many values are written in a message between replicas: a line each, the number and its factors as `formatFactors` writes them. A
 * thousand of them are written and read in a fraction of the time that as many JSON objects take.
 */
import { formatFactors, parseFactors } from '../../domain/factorization.ts';
import type { Value } from '../service.ts';
import { FormError, type Form } from './form.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const VALUES_FORM: Form<{ readonly values: readonly Value[] }> = {
  toBytes: ({ values }) =>
    encoder.encode(values.map(({ number, factors }) => `${number} ${formatFactors(factors)}`).join('\n')),
  fromBytes(bytes) {
    if (bytes.length === 0) return { values: [] };
    try {
      return { values: decoder.decode(bytes).split('\n').map(valueOf) };
    } catch (cause) {
      throw new FormError('A message is not understood: it holds no values', { cause });
    }
  },
};

/** Throws where `line` is no value. */
function valueOf(line: string): Value {
  const end = line.indexOf(' ');
  const number = line.slice(0, end);
  if (!/^\d+$/.test(number)) throw new Error(`This is no number: ${JSON.stringify(number)}`);
  return { number, factors: parseFactors(line.slice(end + 1)) };
}
