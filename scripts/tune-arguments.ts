/** The command line of `npm run tune`. Pure. */
import { parseArgs } from 'node:util';

export interface TuneArguments {
  /** The rows that are tuned, by the size of their numbers. */
  readonly bits: readonly number[];
  /** CPU time for each candidate. */
  readonly seconds: number;
  /** Of the numbers that are sieved. */
  readonly seed: number;
  /** Whether the table is written, or printed only. */
  readonly write: boolean;
  readonly help: boolean;
}

const SECONDS_MAX = 86_400;

export function tuneUsage(rows: readonly number[]): string {
  return `npm run tune -- [OPTIONS]

Searches the parameters of the quadratic sieve on this machine, and prints the table. A row takes some 30 times as long as --seconds.

  --bits N,N…   rows of the table (all: ${rows.join(',')})
  --seconds N   CPU seconds for each candidate (4)
  --seed N      of the numbers that are sieved (1)
  --write       write the table to src/kernel/siqs-parameters.ts, too
  --help        show this
`;
}

/** `rows`: the sizes that the table has rows for. Throws a TypeError that names the argument at fault, and its bounds. */
export function tuneArguments(args: readonly string[], rows: readonly number[]): TuneArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      bits: { type: 'string', default: rows.join(',') },
      seconds: { type: 'string', default: '4' },
      seed: { type: 'string', default: '1' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { bits, seconds, seed, write, help } = values;
  const chosen = bits.split(',').map((text) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN));
  if (!chosen.every((size) => rows.includes(size)))
    throw new TypeError(`--bits must be some of ${rows.join(',')}: it is ${JSON.stringify(bits)}`);
  const time = /^\d{1,9}(\.\d{1,9})?$/.test(seconds) ? Number(seconds) : Number.NaN;
  if (!(time > 0 && time <= SECONDS_MAX))
    throw new TypeError(
      `--seconds must be a number above 0 and at most ${SECONDS_MAX}: it is ${JSON.stringify(seconds)}`,
    );
  if (!/^\d{1,9}$/.test(seed))
    throw new TypeError(`--seed must be a whole number from 0 to 999999999: it is ${JSON.stringify(seed)}`);
  return { bits: chosen, seconds: time, seed: Number(seed), write, help };
}
