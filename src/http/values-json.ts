/** Values as they go over the wire: JSON integers of any size. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BATCH_SLICE_MS } from '../domain/limits.ts';
import type { UnfinishedValues, Value } from '../service/service.ts';

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
  return `[${await membersJson(values)}]`;
}

/** What stands between the brackets. Written in slices, so that the event loop is held for about `BATCH_SLICE_MS` at a time. */
export async function membersJson(values: readonly Value[]): Promise<string> {
  let text = '';
  let sliceEndMs = performance.now() + BATCH_SLICE_MS;
  for (const value of values) {
    text += text === '' ? valueJson(value) : `,${valueJson(value)}`;
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
