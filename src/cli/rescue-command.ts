/** `fairsieve rescue` */
import { errorMessage } from '../base/error-message.ts';
import { SEQ_STRIDE } from '../domain/request-id.ts';
import type { Command } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-code.ts';
import { print } from './print.ts';
import { StandardStreamError } from './standard-stream-error.ts';
import { UsageError } from './usage-error.ts';

export const rescueCommand: Command = {
  usage: '--database N',
  about:
    'Hands over what a database of Redis holds that has no replica any more: unfinished requests with the work done for them,\n' +
    'callbacks, values and results go to the replicas that are there. `GET /readyz` names such databases as orphans.\n' +
    'Its settings are those of the replicas: FAIRSIEVE_STORE=redis, FAIRSIEVE_REDIS_..., FAIRSIEVE_NATS_URL, FAIRSIEVE_CLUSTER.',
  options: {
    database: { value: 'N', about: `its number, from 0 to ${SEQ_STRIDE - 1}` },
  },
  run: async (line: CommandLine) => {
    const database = databaseOf(line);
    const { rescue } = await import('../rescue.ts');
    const { ConfigError } = await import('../config.ts');
    try {
      const { parcels, bytes, left } = await rescue(process.env, database);
      const what = left === undefined ? 'all' : 'a part';
      const exitCode = await print(
        `handed over ${what} of what database ${database} holds: ${bytes} bytes in ${parcels} messages`,
      );
      if (left === undefined) return exitCode;
      process.stderr.write(`fairsieve: the rest stays in database ${database}: ${left}\n`);
    } catch (error) {
      if (error instanceof ConfigError || error instanceof StandardStreamError) throw error;
      process.stderr.write(`fairsieve: cannot rescue database ${database}: ${errorMessage(error)}\n`);
    }
    return EXIT.failed;
  },
};

function databaseOf(line: CommandLine): number {
  if (line.positionals.length > 0)
    throw new UsageError('rescue takes options only: name the database with --database');
  const database = line.whole('database', 0, SEQ_STRIDE - 1);
  if (database === undefined) throw new UsageError('Say which database: --database N');
  return database;
}
