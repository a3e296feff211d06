/** The client that commands talk to a service through, and the options that they have for it. */
import os from 'node:os';
import { createClient, type Client } from '../client/client.ts';
import { callerIdFault } from '../domain/caller.ts';
import type { CommandLine } from './command-line.ts';
import type { Option } from './command.ts';
import { shownUrl } from './shown-url.ts';
import { UsageError } from './usage-error.ts';

const URL_DEFAULT = 'http://127.0.0.1:8080';
const PATIENCE_MS_DEFAULT = 10_000;
/** After this long without success it is time to say that it is being tried. */
const SAY_AFTER_ATTEMPTS = 3;

export const SERVICE_OPTIONS: Readonly<Record<string, Option>> = {
  url: { value: 'URL', about: `the service ($FAIRSIEVE_URL, or else ${URL_DEFAULT})` },
  'api-key': {
    value: 'KEY',
    about: 'shown to a service that asks for one ($FAIRSIEVE_API_KEY, which no list of processes shows)',
  },
  patience: {
    value: 'SECONDS',
    about: `how long to try again while it cannot be reached or has no room (${PATIENCE_MS_DEFAULT / 1000})`,
  },
};

export const CALLER_OPTION: Readonly<Record<string, Option>> = {
  caller: {
    value: 'ID',
    about: "whose requests these are ($FAIRSIEVE_CALLER, or else that of the API key, or the user's name)",
  },
};

/** Throws a UsageError for options that name no service or no caller. */
export function serviceClient(line: CommandLine): Client {
  const url = line.text('url') ?? (process.env.FAIRSIEVE_URL || URL_DEFAULT);
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new UsageError(`--url must be an http or https URL: it is ${JSON.stringify(shownUrl(url))}`);
  const apiKey = line.text('api-key') ?? (process.env.FAIRSIEVE_API_KEY || undefined);
  // Not quoted: it may be a key with a slip in it.
  if (apiKey !== undefined && !/^[!-~]+$/.test(apiKey))
    throw new UsageError('--api-key must have printable ASCII characters without spaces only');
  const callerId = line.text('caller') ?? (process.env.FAIRSIEVE_CALLER || (apiKey ? undefined : userName()));
  const fault = callerId === undefined ? undefined : callerIdFault(callerId);
  if (fault !== undefined)
    throw new UsageError(`--caller ${JSON.stringify(callerId)} cannot be a caller id: ${fault}`);
  let isSaid = false;
  return createClient({
    url,
    ...(callerId !== undefined && { callerId }),
    ...(apiKey !== undefined && { apiKey }),
    patienceMs: line.secondsAsMs('patience') ?? PATIENCE_MS_DEFAULT,
    onRetry: ({ attempts, cause }) => {
      if (isSaid || attempts < SAY_AFTER_ATTEMPTS) return;
      isSaid = true;
      process.stderr.write(`fairsieve: ${shownUrl(url)}: ${cause.message}; trying again\n`);
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
