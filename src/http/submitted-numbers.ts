/** The numbers of a submission, read from what was sent: JSON integers, digits, or expressions. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NumberInput } from '../contract/submission.ts';
import { BATCH_SLICE_MS, PROBLEM_ERRORS_MAX } from '../domain/limits.ts';
import { newWork, parseNumber } from '../domain/number-expression.ts';
import { HttpProblem } from './problem.ts';

/** Throws an HttpProblem that says what is wrong with it. */
export function readNumber(input: NumberInput, digitsMax: number): bigint {
  const parsed = parseNumber(String(input), { digitsMax });
  if (parsed.kind === 'number') return parsed.value;
  throw new HttpProblem(parsed.code, parsed.message, {
    errors: [{ pointer: '#/number', code: parsed.code, detail: parsed.message }],
  });
}

/** Reads a batch in slices, so that the event loop is held for about `BATCH_SLICE_MS` at a time. */
export async function readNumbers(inputs: readonly NumberInput[], digitsMax: number): Promise<bigint[]> {
  const work = newWork();
  const values: bigint[] = [];
  const errors: { pointer: string; code: 'number_invalid' | 'number_out_of_range'; detail: string }[] = [];
  let sliceEndMs = performance.now() + BATCH_SLICE_MS;
  for (const [i, input] of inputs.entries()) {
    const parsed = parseNumber(String(input), { digitsMax, work });
    if (parsed.kind === 'number') values.push(parsed.value);
    else errors.push({ pointer: `#/numbers/${i}`, code: parsed.code, detail: parsed.message });
    if (errors.length === PROBLEM_ERRORS_MAX) break;
    if (performance.now() > sliceEndMs) {
      await nextTurn();
      sliceEndMs = performance.now() + BATCH_SLICE_MS;
    }
  }
  const [first] = errors;
  if (first === undefined) return values;
  throw new HttpProblem(first.code, `numbers/${first.pointer.slice('#/numbers/'.length)}: ${first.detail}`, {
    errors,
  });
}
