/** What a command is: enough to understand its line, to explain it, and to run it. */
import type { CommandLine } from './command-line.ts';
import type { ExitCode } from './exit-code.ts';

export interface Option {
  /** What stands for its value in the help; absent for a switch. */
  readonly value?: string;
  readonly about: string;
}

export interface Command {
  /** What follows `fairsieve NAME`. */
  readonly usage: string;
  /** Sentences for `--help`, below the usage. */
  readonly about: string;
  readonly options: Readonly<Record<string, Option>>;
  /** More for `--help`, where it has to be computed. */
  readonly more?: () => Promise<string>;
  run(line: CommandLine): Promise<ExitCode>;
}
