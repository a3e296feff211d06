/** The arguments of one command, understood by its table of options. Pure. */
import { parseArgs } from 'node:util';
import { didYouMean } from '../base/did-you-mean.ts';
import type { Option } from './command.ts';
import { UsageError } from './usage-error.ts';

export class CommandLine {
  readonly positionals: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  /** Throws a UsageError that names the option at fault, and the one that was probably meant. */
  constructor(args: readonly string[], options: Readonly<Record<string, Option>>) {
    const { tokens } = parseArgs({
      args: [...args],
      options: parseArgsOptions(options),
      strict: false,
      tokens: true,
    });
    const positionals: string[] = [];
    let lastNegative = -1;
    const values = new Map<string, string[]>();
    for (const token of tokens) {
      const arg = args[token.index] ?? '';
      if (token.kind === 'positional') positionals.push(token.value);
      else if (token.kind === 'option' && NEGATIVE.test(arg)) {
        // Read as a group of options of one letter each.
        if (token.index !== lastNegative) positionals.push(arg);
        lastNegative = token.index;
      } else if (token.kind === 'option')
        values.getOrInsert(token.name, []).push(checkedValue(token, options));
    }
    this.positionals = positionals;
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Throws a UsageError where different ones are given: whoever gives two may expect both to be used. */
  text(name: string): string | undefined {
    const [value, ...others] = this.texts(name);
    // They may be secrets, and are not repeated.
    if (others.some((other) => other !== value))
      throw new UsageError(`--${name} takes one value, and is given two different ones`);
    return value;
  }

  /** Of an option that may be repeated, in the order given. */
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** A whole number within bounds. */
  whole(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(
      `--${name} must be a whole number from ${min} to ${max}: it is ${JSON.stringify(text)}`,
    );
  }

  /** Milliseconds, given in seconds: more than 0 and at most a year. */
  secondsAsMs(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const seconds = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (seconds > 0 && seconds <= SECONDS_MAX) return seconds * 1000;
    throw new UsageError(
      `--${name} must be a number of seconds above 0 and at most ${SECONDS_MAX}, in decimal digits such as 2.5: it is ${JSON.stringify(text)}`,
    );
  }
}

/** A year. */
const SECONDS_MAX = 31_536_000;
/** A number or an expression, not an option: no option begins with a digit or a parenthesis. */
const NEGATIVE = /^-[\d(]/;

/** `--help` belongs to every command. */
const HELP = { help: { type: 'boolean', short: 'h' } } as const;

function parseArgsOptions(options: Readonly<Record<string, Option>>) {
  const entries = Object.entries(options).map(
    ([name, { value }]) =>
      [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }] as const,
  );
  return { ...Object.fromEntries(entries), ...HELP };
}

/** The value of an option that was given; empty for a switch. */
function checkedValue(
  {
    name,
    rawName,
    value,
    inlineValue,
  }: {
    readonly name: string;
    readonly rawName: string;
    readonly value: string | undefined;
    readonly inlineValue: boolean | undefined;
  },
  options: Readonly<Record<string, Option>>,
): string {
  const option = name === 'help' ? { about: '' } : options[name];
  if (!option) {
    throw new UsageError(
      `There is no option ${rawName}${didYouMean(name, [...Object.keys(options), 'help'], '--')}`,
    );
  }
  // An option after it is one, not its value; --name=--other still gives that value.
  const isNext =
    inlineValue === false && value?.startsWith('--') === true && Object.hasOwn(options, optionName(value));
  if (option.value !== undefined && (value === undefined || isNext))
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  if (option.value === undefined && value !== undefined) throw new UsageError(`${rawName} takes no value`);
  return value ?? '';
}

/** `rate` of `--rate` and `--rate=5`. */
function optionName(text: string): string {
  return text.slice(2).split('=', 1)[0] ?? '';
}
