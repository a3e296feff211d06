/** `fairsieve secret` */
import { StateFileError } from '../base/state-file.ts';
import { systemClock } from '../base/clock.ts';
import { randomBytes } from '../base/random.ts';
import {
  newSecretFileText,
  readCallerSecrets,
  rotateCallerSecret,
} from '../callbacks/callback-secret-file.ts';
import type { CallerSecrets } from '../callbacks/callback-secrets.ts';
import { callerIdFault } from '../domain/caller.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { print } from './print.ts';
import { secretFile } from './server-files.ts';
import { UsageError } from './usage-error.ts';

export const secretCommand: Command = {
  usage: '--caller ID [OPTIONS]\n       fairsieve secret create',
  about:
    "Prints the secret with which a caller's callbacks are signed (Standard Webhooks), for the caller to verify them with.\n" +
    'For use on the machine of the server, which need not be stopped. With --rotate the caller gets a new one; for 24 hours\n' +
    'callbacks are signed with the former one too. With create a new master key is printed, as a file of secrets: for several\n' +
    'servers that are to sign alike, which make none by themselves where each finds a copy.',
  options: {
    caller: { value: 'ID', about: 'whose secret' },
    rotate: { about: 'make a new one first; the server uses it within a second' },
    file: {
      value: 'FILE',
      about:
        'the file of secrets ($FAIRSIEVE_SECRET_FILE, or else callback-secrets.json in $FAIRSIEVE_DATA_DIR)',
    },
    json: { about: 'print a line of JSON, with the former secrets that still sign and until when' },
  },
  run: async (line: CommandLine) => {
    if (line.positionals[0] === 'create') return create(line);
    const callerId = callerOf(line);
    const file = secretFile(line, process.env);
    try {
      const secrets = line.has('rotate') ? rotated(file, callerId) : shown(file, callerId);
      const exitCode = await print(line.has('json') ? json(callerId, secrets) : secrets.current);
      const last = secrets.former[0];
      if (last && !line.has('json'))
        process.stderr.write(`fairsieve: the former secret signs too until ${isoTime(last.signsUntilMs)}\n`);
      return exitCode;
    } catch (error) {
      if (!(error instanceof StateFileError || error instanceof RotationRefused)) throw error;
      process.stderr.write(`fairsieve: ${error.message}\n`);
      if (error instanceof StateFileError && error.code === 'absent')
        process.stderr.write('The server makes it at its first start; --file says where it is\n');
      return EXIT.failed;
    }
  },
};

async function create(line: CommandLine): Promise<ExitCode> {
  if (line.positionals.length > 1 || Object.keys(secretCommand.options).some((name) => line.has(name)))
    throw new UsageError('secret create takes nothing more: it prints a file, and changes none');
  return print(newSecretFileText(randomBytes).trimEnd());
}

class RotationRefused extends Error {
  override readonly name = 'RotationRefused';
}

function callerOf(line: CommandLine): string {
  if (line.positionals.length > 0)
    throw new UsageError('secret takes create or options: name the caller with --caller');
  const callerId = line.text('caller');
  if (callerId === undefined) throw new UsageError('Say whose secret: --caller ID');
  const fault = callerIdFault(callerId);
  if (fault !== undefined)
    throw new UsageError(`--caller ${JSON.stringify(callerId)} cannot be a caller id: ${fault}`);
  return callerId;
}

function shown(file: string, callerId: string): CallerSecrets {
  return readCallerSecrets(file, callerId, systemClock.wallMs());
}

function rotated(file: string, callerId: string): CallerSecrets {
  const outcome = rotateCallerSecret(file, callerId, systemClock.wallMs());
  if (outcome.kind === 'rotated') return outcome.secrets;
  throw new RotationRefused(
    `Cannot rotate the secret of ${JSON.stringify(callerId)}: too many former ones still sign; possible again at ${isoTime(outcome.untilMs)}`,
  );
}

function json(callerId: string, { current, former }: CallerSecrets): string {
  return JSON.stringify({
    caller_id: callerId,
    secret: current,
    former_secrets: former.map(({ secret, signsUntilMs }) => ({
      secret,
      signs_until: isoTime(signsUntilMs),
    })),
  });
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
