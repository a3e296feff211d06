/** The numbers that a command is given: its arguments, or with `-` the lines of standard input. */
import { DIGITS_MAX_DEFAULT, EXPRESSION_CHARS_MAX } from '../domain/limits.ts';
import { parseNumber } from '../domain/number-expression.ts';
import { fstatSync, existsSync } from 'node:fs';
import { inputLines, type InputLine } from './input-lines.ts';
import { StandardStreamError } from './standard-stream-error.ts';
import { UsageError } from './usage-error.ts';

/** Read when it is its turn, since reading an expression may take a while. */
export interface NumberInput {
  readonly text: string;
  /** Its place among the arguments, or its line of standard input, from 1. */
  readonly index: number;
  /** The number; or undefined after `refuse` has been told why there is none: by default, standard error is. */
  read(refuse?: (message: string) => void): bigint | undefined;
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
    yield args.map((text, i) => numberInput(text, i + 1, '', () => fileHint(text)));
    return;
  }
  for await (const lines of stdinLines(stop)) {
    yield lines.map(({ text, number }) => numberInput(text, number, `line ${number}: `));
  }
}

/** The lines of standard input. It is let go when `stop` aborts, even if it is a terminal at which nobody types. */
export async function* stdinLines(stop: AbortSignal): AsyncGenerator<InputLine[], void, undefined> {
  const letGo = (): void => void process.stdin.destroy();
  stop.addEventListener('abort', letGo);
  try {
    // Node.js takes a folder for an input without content.
    if (fstatSync(0).isDirectory()) throw new Error('it is a folder');
    yield* inputLines(process.stdin, EXPRESSION_CHARS_MAX + 1);
  } catch (error) {
    if (!stop.aborted) throw new StandardStreamError('Cannot read standard input', error);
  } finally {
    stop.removeEventListener('abort', letGo);
  }
}

function numberInput(text: string, index: number, where: string, hint = (): string => ''): NumberInput {
  const sayOnStderr = (message: string): void => void process.stderr.write(`fairsieve: ${where}${message}\n`);
  return {
    text,
    index,
    read: (refuse = sayOnStderr) => {
      const parsed = parseNumber(text, { digitsMax: DIGITS_MAX_DEFAULT });
      if (parsed.kind === 'number') return parsed.value;
      refuse(parsed.message + hint());
      return undefined;
    },
  };
}

/** For an argument that is no number, but was meant to name a file of them. */
function fileHint(text: string): string {
  return existsSync(text) ? `; to read numbers from that file, give - and < ${text}` : '';
}
