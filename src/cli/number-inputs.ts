/** The numbers that a command is given: its arguments, or with `-` the lines of standard input. */
import { DIGITS_MAX_DEFAULT, EXPRESSION_CHARS_MAX } from '../domain/limits.ts';
import { parseNumber } from '../domain/number-expression.ts';
import { inputLines, type InputLine } from './input-lines.ts';
import { UsageError } from './usage-error.ts';

/** Read when it is its turn, since reading an expression may take a while. */
export interface NumberInput {
  /** The number; or undefined after having said on standard error why there is none. */
  read(): bigint | undefined;
}

/** As many at a time as have arrived, until `stop` aborts. Throws a UsageError if there is nothing to read. */
export async function* numberInputs(
  args: readonly string[],
  stop: AbortSignal,
): AsyncGenerator<NumberInput[], void, undefined> {
  if (args.length === 0)
    throw new UsageError('Give numbers, or - to read them from standard input, one per line');
  if (args.length > 1 && args.includes('-'))
    throw new UsageError('- stands alone: numbers come from the arguments or from standard input');
  if (args[0] !== '-') {
    yield args.map((text) => ({ read: () => readNumber(text, '') }));
    return;
  }
  for await (const lines of stdinLines(stop)) {
    yield lines.map(({ text, number }) => ({ read: () => readNumber(text, `line ${number}: `) }));
  }
}

/** The lines of standard input. It is let go when `stop` aborts, even if it is a terminal at which nobody types. */
export async function* stdinLines(stop: AbortSignal): AsyncGenerator<InputLine[], void, undefined> {
  const letGo = (): void => void process.stdin.destroy();
  stop.addEventListener('abort', letGo);
  try {
    yield* inputLines(process.stdin, EXPRESSION_CHARS_MAX + 1);
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    stop.removeEventListener('abort', letGo);
  }
}

function readNumber(text: string, where: string): bigint | undefined {
  const parsed = parseNumber(text, { digitsMax: DIGITS_MAX_DEFAULT });
  if (parsed.kind === 'number') return parsed.value;
  process.stderr.write(`fairsieve: ${where}${parsed.message}\n`);
  return undefined;
}
