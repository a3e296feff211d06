/** `fairsieve serve` */
import type { Command } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { UsageError } from './usage-error.ts';

export const serveCommand: Command = {
  usage: '',
  about: 'Runs the service until SIGTERM or SIGINT. Its settings are environment variables.',
  options: {},
  more: async () => {
    const { describeSettings } = await import('../config.ts');
    return `Settings (default):\n${describeSettings()}`;
  },
  run: async ({ positionals }: CommandLine) => {
    if (positionals.length > 0)
      throw new UsageError('serve takes no arguments: its settings come from the environment');
    const { serve } = await import('../main.ts');
    await serve(process.env);
    return EXIT.ok;
  },
};
