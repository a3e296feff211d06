/** Values as they go over the wire: JSON integers of any size. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BATCH_SLICE_MS } from '../domain/limits.ts';
import type { UnfinishedValues, Value } from '../service/service.ts';

/** Even of 1,000 digits they take less than a millisecond. */
const AT_ONCE = 50;

/** A member of `Values`. Digits are ours, so nothing needs escaping. */
function valueJson({ number, factors }: Value): string {
  let primes = '';
  for (const { prime, exponent } of factors) {
    const digits = prime.toString();
    for (let i = 0; i < exponent; i++) primes += primes === '' ? digits : `,${digits}`;
  }
  return `{"value":${number},"prime_factors":[${primes}]}`;
}

/** `Values`. */
export async function valuesJson(values: readonly Value[]): Promise<string> {
  return `[${await inSlices(values, valueJson)}]`;
}

/** Of lines of values, what stands between the brackets of `Values`. */
export function linesJson(lines: readonly string[]): Promise<string> {
  return inSlices(lines, lineJson);
}

/** Of one line: text is cut and joined, and nothing is read as a number. */
function lineJson(line: string): string {
  const end = line.indexOf(' ');
  const factors = line.slice(end + 1);
  const isPlain = !factors.includes('^') && !factors.includes('?');
  const primes = isPlain ? factors.replaceAll(' ', ',') : factors.split(' ').map(primesJson).join(',');
  return `{"value":${line.slice(0, end)},"prime_factors":[${primes}]}`;
}

/** Of a factor, which is `2^4` or `1000003?`, say. */
function primesJson(factor: string): string {
  const [prime = '', exponent = '1'] = factor.replace('?', '').split('^');
  return `${prime},`.repeat(Number(exponent) - 1) + prime;
}

/** With a comma between. Written in slices, so that the event loop is held for about `BATCH_SLICE_MS` at a time. */
async function inSlices<T>(parts: readonly T[], json: (part: T) => string): Promise<string> {
  let text = '';
  let sliceEndMs = performance.now() + BATCH_SLICE_MS;
  for (let i = 0; i < parts.length; i += AT_ONCE) {
    const some = parts
      .slice(i, i + AT_ONCE)
      .map(json)
      .join(',');
    text += text === '' ? some : `,${some}`;
    if (performance.now() < sliceEndMs) continue;
    await nextTurn();
    sliceEndMs = performance.now() + BATCH_SLICE_MS;
  }
  return text;
}

/** `UnfinishedValues`. */
export function unfinishedValuesJson({ batchId, done, total }: UnfinishedValues): string {
  return `{"batch_id":"${batchId}","done":${done},"total":${total}}`;
}
