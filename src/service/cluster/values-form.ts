/** How many values travel in a message between replicas: as their lines, which need not be taken apart on the way to the client. */
import { abbreviate } from '../../base/abbreviate.ts';
import { isValueLine } from '../../domain/value-line.ts';
import type { ValueLines } from '../service.ts';
import { FormError, type Form } from './form.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export const VALUES_FORM: Form<Pick<ValueLines, 'lines'>> = {
  toBytes: ({ lines }) => encoder.encode(lines.join('\n')),
  fromBytes(bytes) {
    if (bytes.length === 0) return { lines: [] };
    const lines = linesOf(bytes);
    const other = lines.find((line) => !isValueLine(line));
    if (other !== undefined)
      throw new FormError(`A message is not understood: ${JSON.stringify(abbreviate(other))} is no value`);
    return { lines };
  },
};

function linesOf(bytes: Uint8Array): string[] {
  try {
    return decoder.decode(bytes).split('\n');
  } catch (cause) {
    throw new FormError('A message is not understood: it holds no values', { cause });
  }
}
