/** `fairsieve values`: numbers that a service keeps with their factors. */
import { didYouMean } from '../base/did-you-mean.ts';
import type { Client, Value } from '../client/client.ts';
import { TTL_SECONDS_MAX } from '../domain/limits.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import type { ExitCode } from './exit-code.ts';
import { numberInputs } from './number-inputs.ts';
import { CALLER_OPTION, SERVICE_OPTIONS, serviceClient } from './service-client.ts';
import { runSession, type Session } from './service-session.ts';
import { UsageError } from './usage-error.ts';

export const valuesCommand: Command = {
  usage: 'add [OPTIONS] NUMBER… | -\n       fairsieve values of PRIME [OPTIONS]',
  about:
    'add has a service factor numbers and keep them, or keep on new terms those that it has already, and prints them once they are kept.\n' +
    'With - numbers are read from standard input, one per line. of prints the values that have a prime factor, ascending.',
  options: {
    ttl: { value: 'SECONDS', about: 'how long the numbers are kept; for good if absent' },
    ...SERVICE_OPTIONS,
    ...CALLER_OPTION,
    json: { about: 'print a line of JSON for each value; its integers are of any size' },
  },
  run: (line: CommandLine): Promise<ExitCode> => {
    const [action = '', ...rest] = line.positionals;
    const values = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!values)
      throw new UsageError(
        action === ''
          ? `Say what to do: ${ACTION_NAMES.join(', ')}`
          : `There is no values ${action}${didYouMean(action, ACTION_NAMES)}`,
      );
    const client = serviceClient(line);
    const text = line.has('json') ? valueJson : valueLine;
    return runSession(
      (session) => values(client, rest, line, session),
      async (value, turn, session) => {
        await turn;
        await session.print(text(value));
      },
    );
  },
};

/** Yields values as they come, some at a time. */
type Action = (
  client: Client,
  rest: readonly string[],
  line: CommandLine,
  session: Session,
) => AsyncIterable<readonly Value[]>;

const ACTIONS: Readonly<Record<string, Action>> = { add, of };
const ACTION_NAMES = Object.keys(ACTIONS);
/** Fewer than a service takes: a busy one writes these down well within the time of a call, and what came before an error is printed. */
const BATCH_NUMBERS = 1_000;

async function* add(
  client: Client,
  rest: readonly string[],
  line: CommandLine,
  session: Session,
): AsyncGenerator<Value[], void, undefined> {
  const ttlSeconds = line.whole('ttl', 1, TTL_SECONDS_MAX);
  for await (const inputs of numberInputs(rest, session.signal)) {
    for (let start = 0; start < inputs.length; start += BATCH_NUMBERS) {
      const batch = inputs.slice(start, start + BATCH_NUMBERS);
      const numbers = batch.map((input) => input.read()).filter((number) => number !== undefined);
      if (numbers.length < batch.length) session.fail();
      if (numbers.length > 0) yield await client.keep(numbers, { ttlSeconds, signal: session.signal });
    }
  }
}

async function* of(
  client: Client,
  [prime, ...others]: readonly string[],
  _line: CommandLine,
  { signal }: Session,
): AsyncGenerator<Value[], void, undefined> {
  if (prime === undefined || others.length > 0)
    throw new UsageError('Give one prime: fairsieve values of PRIME');
  for await (const value of client.valuesOf(prime, { signal })) yield [value];
}

/** Like a line of `fairsieve factor`. */
function valueLine({ value, primeFactors }: Value): string {
  return `${value}:${primeFactors.map((prime) => ` ${prime}`).join('')}`;
}

/** As the service has it. */
function valueJson({ value, primeFactors }: Value): string {
  return `{"value":${value},"prime_factors":[${primeFactors.join(',')}]}`;
}
