/** `fairsieve help [COMMAND]` */
import type { Command } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import type { ExitCode } from './exit-code.ts';
import { findCommand } from './find-command.ts';
import { columns, helpText } from './help-text.ts';
import { print } from './print.ts';

export const helpCommand: Command = {
  usage: '[COMMAND]',
  about: 'Explains a command, or says which there are.',
  options: {},
  run: ({ positionals }: CommandLine) => explain(positionals[0]),
};

/** Prints the help of a command, or of the program. */
export async function explain(name?: string): Promise<ExitCode> {
  if (name === undefined) {
    const rows = Object.entries(COMMANDS).map(([command, { summary }]) => [command, summary]);
    return print(
      `fairsieve finds the prime factors of large integers.\n\nUsage: fairsieve COMMAND [OPTIONS]\n\nCommands:\n${columns(rows)}\n\n` +
        'Each explains itself: fairsieve help COMMAND',
    );
  }
  const command = await findCommand(name).load();
  const more = command.more === undefined ? '' : `\n\n${await command.more()}`;
  return print(helpText(name, command) + more);
}
