/** Files that the server and commands on its machine share; named by the same settings. */
import path from 'node:path';
import { SECRET_FILE_NAME } from '../callbacks/callback-secret-file.ts';
import type { CommandLine } from './command-line.ts';
import { UsageError } from './usage-error.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The file of callback secrets: `--file`, or else where the server with these settings has it. */
export function secretFile(line: CommandLine, env: Env): string {
  const dataDir = env.FAIRSIEVE_DATA_DIR || './data';
  return line.text('file') ?? (env.FAIRSIEVE_SECRET_FILE || path.join(dataDir, SECRET_FILE_NAME));
}

/** The file of API keys: `--file`, or else the server's. Throws a UsageError if neither is given, since there is no default. */
export function apiKeysFile(line: CommandLine, env: Env): string {
  const file = line.text('file') ?? (env.FAIRSIEVE_API_KEYS_FILE || undefined);
  if (file === undefined)
    throw new UsageError(
      'Name the file of API keys: with --file, or as the server does, in FAIRSIEVE_API_KEYS_FILE',
    );
  return file;
}
