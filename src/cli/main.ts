/** The command line program: finds the command, runs it, and turns whatever happens into an exit code and a message. */
import { CommandLine } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { findCommand } from './find-command.ts';
import { UsageError } from './usage-error.ts';

/** What may stand in place of a command. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-v', 'version'],
]);

/** `args` without the program's own name. Never rejects; the exit code is meant for when the event loop has run dry. */
export async function runCli(args: readonly string[]): Promise<ExitCode> {
  const [given = '--help', ...rest] = args;
  const name = ALIASES.get(given) ?? given;
  try {
    const command = await findCommand(name).load();
    const line = new CommandLine(rest, command.options);
    if (!line.has('help')) return await command.run(line);
    const { explain } = await import('./help-command.ts');
    return await explain(name);
  } catch (error) {
    return report(error, name);
  }
}

/** By name, so that a command that never calls a service does not load the client. */
const EXIT_BY_ERROR: Readonly<Record<string, ExitCode>> = {
  UsageError: EXIT.usage,
  ConfigError: EXIT.usage,
  StoreError: EXIT.failed,
  StateFileError: EXIT.failed,
  StandardStreamError: EXIT.failed,
  ProblemError: EXIT.failed,
  WrongAnswerError: EXIT.failed,
  UnfinishedError: EXIT.failed,
  UnavailableError: EXIT.unreachable,
};

function report(error: unknown, commandName: string): ExitCode {
  const code = error instanceof Error ? EXIT_BY_ERROR[error.name] : undefined;
  if (!(error instanceof Error) || code === undefined) {
    console.error('fairsieve: a mistake in the program:', error);
    return EXIT.internal;
  }
  console.error(`fairsieve: ${error.message}`);
  if (error instanceof UsageError) {
    const topic = Object.hasOwn(COMMANDS, commandName) ? ` ${commandName}` : '';
    console.error(`Try: fairsieve help${topic}`);
  }
  return code;
}
