/** The client that `submit` and `result` talk through, and the options that both have for it. */
import os from 'node:os';
import { createClient, type Client } from '../client/client.ts';
import { callerIdFault } from '../domain/caller.ts';
import type { CommandLine } from './command-line.ts';
import type { Option } from './command.ts';
import { UsageError } from './usage-error.ts';

const URL_DEFAULT = 'http://127.0.0.1:8080';
const PATIENCE_MS_DEFAULT = 10_000;
/** After this long without success it is time to say that it is being tried. */
const SAY_AFTER_ATTEMPTS = 3;

export const SERVICE_OPTIONS: Readonly<Record<string, Option>> = {
  url: { value: 'URL', about: `the service ($FAIRSIEVE_URL, or else ${URL_DEFAULT})` },
  patience: {
    value: 'SECONDS',
    about: `how long to try again while it cannot be reached or has no room (${PATIENCE_MS_DEFAULT / 1000})`,
  },
};

export const CALLER_OPTION: Readonly<Record<string, Option>> = {
  caller: { value: 'ID', about: "whose requests these are ($FAIRSIEVE_CALLER, or else the user's name)" },
};

/** Throws a UsageError for options that name no service or no caller. */
export function serviceClient(line: CommandLine): Client {
  const url = line.text('url') ?? (process.env.FAIRSIEVE_URL || URL_DEFAULT);
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new UsageError(`--url must be an http or https URL: it is ${JSON.stringify(url)}`);
  const callerId = line.text('caller') ?? (process.env.FAIRSIEVE_CALLER || userName());
  const fault = callerIdFault(callerId);
  if (fault !== undefined)
    throw new UsageError(`--caller ${JSON.stringify(callerId)} cannot be a caller id: ${fault}`);
  let isSaid = false;
  return createClient({
    url,
    callerId,
    patienceMs: line.secondsAsMs('patience') ?? PATIENCE_MS_DEFAULT,
    onRetry: ({ attempts, cause }) => {
      if (isSaid || attempts < SAY_AFTER_ATTEMPTS) return;
      isSaid = true;
      process.stderr.write(`fairsieve: ${url}: ${cause.message}; trying again\n`);
    },
  });
}

/** Some containers run under a user id without a name. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return 'cli';
  }
}
