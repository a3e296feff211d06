/** What a record of a job's log adds to what is known of the number's parts. */
import { bitLength } from './bit-length.ts';
import type { JobRecord } from './job-chunk.ts';
import { type Part, replacePart, splitPart } from './part.ts';

/** The parts after the record: never fewer pieces than before, always with the same product. */
export function learnFrom(record: JobRecord, parts: readonly Part[]): readonly Part[] {
  switch (record.kind) {
    case 'parts':
      return isSameProduct(record.parts, parts) && pieceCount(record.parts) >= pieceCount(parts)
        ? record.parts
        : parts;
    case 'curves': {
      const { value, curves, shrinks } = record;
      const part = parts.find((p) => p.value === value);
      return part && part.curves < curves ? replacePart(parts, part, [{ ...part, curves, shrinks }]) : parts;
    }
    case 'divisor': {
      const { value, divisor } = record;
      const part = parts.find((p) => p.value === value);
      const divides = divisor > 1n && divisor < value && value % divisor === 0n;
      return part && divides ? splitPart(parts, part, divisor) : parts;
    }
    case 'fruitless':
    case 'relations':
  }
  return parts;
}

/** A damaged log may hold exponents whose powers no memory could: what is longer than the number is not multiplied out. */
function isSameProduct(a: readonly Part[], b: readonly Part[]): boolean {
  const product = productOf(b);
  const bits = a.reduce((sum, { value, exponent }) => sum + Math.max(0, bitLength(value) - 1) * exponent, 0);
  return bits < bitLength(product) && productOf(a) === product;
}

function productOf(parts: readonly Part[]): bigint {
  return parts.reduce((product, { value, exponent }) => product * value ** BigInt(exponent), 1n);
}

function pieceCount(parts: readonly Part[]): number {
  return parts.reduce((count, { exponent }) => count + exponent, 0);
}
