/** The numbers of a submission, read from what was sent: JSON integers, digits, or expressions. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NumberInput } from '../contract/submission.ts';
import { BATCH_SLICE_MS, PROBLEM_ERRORS_MAX } from '../domain/limits.ts';
import { newWork, parseNumber } from '../domain/number-expression.ts';
import { HttpProblem } from './problem.ts';

/** Throws an HttpProblem that says what is wrong with it, and with `pointer` where in the body it stands. */
export function readNumber(input: NumberInput, digitsMax: number, pointer?: string): bigint {
  const parsed = parseNumber(String(input), { digitsMax });
  if (parsed.kind === 'number') return parsed.value;
  const { code, message } = parsed;
  throw new HttpProblem(code, message, {
    ...(pointer !== undefined && { errors: [{ pointer, code, detail: message }] }),
  });
}

/** Where a batch stands in its body, and what goes before an index in a message. */
export interface BatchPlace {
  readonly pointer: string;
  readonly name: string;
}

/** Reads a batch in slices, so that the event loop is held for about `BATCH_SLICE_MS` at a time. */
export async function readNumbers(
  inputs: readonly NumberInput[],
  digitsMax: number,
  { pointer, name }: BatchPlace,
): Promise<bigint[]> {
  const work = newWork();
  const values: bigint[] = [];
  const faults: { index: number; code: 'number_invalid' | 'number_out_of_range'; detail: string }[] = [];
  let sliceEndMs = performance.now() + BATCH_SLICE_MS;
  for (const [i, input] of inputs.entries()) {
    const parsed = parseNumber(String(input), { digitsMax, work });
    if (parsed.kind === 'number') values.push(parsed.value);
    else faults.push({ index: i, code: parsed.code, detail: parsed.message });
    if (faults.length === PROBLEM_ERRORS_MAX) break;
    if (performance.now() > sliceEndMs) {
      await nextTurn();
      sliceEndMs = performance.now() + BATCH_SLICE_MS;
    }
  }
  const [first] = faults;
  if (first === undefined) return values;
  throw new HttpProblem(first.code, `${name}${first.index}: ${first.detail}`, {
    errors: faults.map(({ index, code, detail }) => ({ pointer: `${pointer}/${index}`, code, detail })),
  });
}
