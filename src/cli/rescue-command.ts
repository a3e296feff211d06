/** `fairsieve rescue` */
import { errorMessage } from '../base/error-message.ts';
import { SEQ_STRIDE } from '../domain/request-id.ts';
import type { Command } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-code.ts';
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
    try {
      const { parcels, bytes, left } = await rescue(process.env, database);
      process.stdout.write(`handed over ${parcels} parcels, ${bytes} bytes\n`);
      if (left === undefined) return EXIT.ok;
      process.stderr.write(`fairsieve: the rest stays in database ${database}: ${left}\n`);
    } catch (error) {
      process.stderr.write(`fairsieve: cannot rescue database ${database}: ${errorMessage(error)}\n`);
    }
    return EXIT.failed;
  },
};

function databaseOf(line: CommandLine): number {
  if (line.positionals.length > 0)
    throw new UsageError('rescue takes options only: name the database with --database');
  const text = line.text('database');
  if (text === undefined) throw new UsageError('Say which database: --database N');
  const database = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(database < SEQ_STRIDE))
    throw new UsageError(
      `--database must be a whole number from 0 to ${SEQ_STRIDE - 1}: it is ${JSON.stringify(text)}`,
    );
  return database;
}
