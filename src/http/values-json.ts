/** Values as they go over the wire: JSON integers of any size. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BATCH_SLICE_MS } from '../domain/limits.ts';
import type { UnfinishedValues, Value } from '../service/service.ts';

/** Even of 1,000 digits they take a few milliseconds. */
const VALUES_AT_ONCE = 50;
const LINES_AT_ONCE = 250;

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
  return `[${await inSlices(values, VALUES_AT_ONCE, (some) => some.map(valueJson).join(','))}]`;
}

/** Of lines of values, what stands between the brackets of `Values`. */
export function linesJson(lines: readonly string[]): Promise<string> {
  return inSlices(lines, LINES_AT_ONCE, membersJson);
}

/** From where a prime begins: elsewhere in a long one it would be looked for in vain, again and again. */
const POWER = /\b(\d+)\^(\d+)/g;

/** Many at once: what is done here is done by the engine's own code, which needs no warming up. */
function membersJson(lines: readonly string[]): string {
  return lines
    .join('\n')
    .replaceAll(POWER, (_, prime: string, exponent: string) => `${prime} `.repeat(Number(exponent)).trimEnd())
    .replaceAll('?', '')
    .replaceAll(/^(\d+) (.*)$/gm, '{"value":$1,"prime_factors":[$2]}')
    .replaceAll(' ', ',')
    .replaceAll('\n', ',');
}

/** With a comma between. Written in slices, so that the event loop is held for about `BATCH_SLICE_MS` at a time. */
async function inSlices<T>(
  parts: readonly T[],
  atOnce: number,
  json: (parts: readonly T[]) => string,
): Promise<string> {
  let text = '';
  let sliceEndMs = performance.now() + BATCH_SLICE_MS;
  for (let i = 0; i < parts.length; i += atOnce) {
    const some = json(parts.slice(i, i + atOnce));
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
