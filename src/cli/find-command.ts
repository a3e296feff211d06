/** A command by its name. */
import { didYouMean } from '../base/did-you-mean.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { UsageError } from './usage-error.ts';

/** Throws a UsageError if there is none, with the name that was probably meant. */
export function findCommand(name: string): CommandEntry {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry) return entry;
  throw new UsageError(`There is no command ${name}${didYouMean(name, Object.keys(COMMANDS))}`);
}
