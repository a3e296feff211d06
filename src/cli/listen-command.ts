/** `fairsieve listen`: what a developer needs to see callbacks arrive. */
import { systemClock } from '../base/clock.ts';
import { errorMessage } from '../base/error-message.ts';
import { CallbackSecrets } from '../callbacks/callback-secret-file.ts';
import { callerIdFault } from '../domain/caller.ts';
import { arrivalJson, arrivalText } from './arrival-text.ts';
import { isCallbackSecret } from './callback-check.ts';
import { CallbackReceiver, type ReceiverOptions } from './callback-receiver.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interruption } from './interruption.ts';
import { LineOutput } from './line-output.ts';
import { secretFile } from './server-files.ts';
import { UsageError } from './usage-error.ts';

const PORT_DEFAULT = 8090;
const HOST_DEFAULT = '127.0.0.1';
const STATUS_DEFAULT = 204;

export const listenCommand: Command = {
  usage: '[OPTIONS]',
  about:
    'Receives callbacks, verifies their signatures, and prints what arrives, until Ctrl-C. A callback whose signature is bad is\n' +
    'answered with 401. The service calls addresses such as 127.0.0.1 only where FAIRSIEVE_CALLBACK_ALLOW opens them.',
  options: {
    port: { value: 'N', about: `port to listen on, 0 for a free one (${PORT_DEFAULT})` },
    host: { value: 'ADDRESS', about: `address to listen on (${HOST_DEFAULT})` },
    secret: { value: 'WHSEC', about: 'what callbacks are verified with ($FAIRSIEVE_CALLBACK_SECRET)' },
    caller: {
      value: 'ID',
      about: 'or whose callbacks they are: with the secret from the file of the server, on its machine',
    },
    file: {
      value: 'FILE',
      about: 'that file ($FAIRSIEVE_SECRET_FILE, or else callback-secrets.json in $FAIRSIEVE_DATA_DIR)',
    },
    answer: { value: 'STATUS', about: `what to answer, from 200 to 599 (${STATUS_DEFAULT})` },
    first: {
      value: 'N',
      about: `give that answer to the first N attempts of each callback only, then ${STATUS_DEFAULT}`,
    },
    'retry-after': { value: 'SECONDS', about: 'with that answer, ask to come back after so many seconds' },
    delay: { value: 'SECONDS', about: 'wait so long before answering' },
    count: { value: 'N', about: 'end after N attempts have arrived' },
    json: { about: 'print a line of JSON for each attempt' },
  },
  run: async (line: CommandLine): Promise<ExitCode> => {
    if (line.positionals.length > 0)
      throw new UsageError(`listen takes options only: not ${JSON.stringify(line.positionals[0])}`);
    const secrets = secretsOf(line, process.env);
    const count = line.whole('count', 1, 1e9) ?? Infinity;
    const text = line.has('json') ? arrivalJson : arrivalText;
    using interruption = new Interruption();
    const output = new LineOutput(process.stdout);
    const counted = new AbortController();
    let arrived = 0;
    const ended = AbortSignal.any([interruption.signal, output.closed, counted.signal]);
    await using receiver = new CallbackReceiver({
      clock: systemClock,
      secrets: secrets ?? (() => []),
      answer: answerOf(line),
      delayMs: line.secondsAsMs('delay') ?? 0,
      onArrival: (arrival) => {
        void output.write(text(arrival));
        if (++arrived >= count) counted.abort();
      },
    });
    const host = line.text('host') ?? HOST_DEFAULT;
    const port = line.whole('port', 0, 65_535) ?? PORT_DEFAULT;
    const url = await receiver.listen(host, port).catch((error: unknown) => {
      throw new UsageError(`Cannot listen on ${host}, port ${port}: ${errorMessage(error)}`);
    });
    process.stderr.write(
      `fairsieve: listening on ${url}${secrets ? '' : '; signatures are not checked: give --secret or --caller'}\n`,
    );
    if (!ended.aborted) await new Promise((resolve) => ended.addEventListener('abort', resolve));
    await output.flush();
    return output.exitCode(EXIT.ok);
  },
};

/** Undefined: there are none, so nothing is verified. */
function secretsOf(
  line: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
): (() => readonly string[]) | undefined {
  const callerId = line.text('caller');
  const secret =
    line.text('secret') ?? (callerId === undefined ? env.FAIRSIEVE_CALLBACK_SECRET || undefined : undefined);
  if (secret !== undefined && callerId !== undefined)
    throw new UsageError('Give either --secret or --caller: both say what to verify with');
  if (secret !== undefined && !isCallbackSecret(secret))
    throw new UsageError('--secret must be whsec_ and base64, as fairsieve secret prints it');
  if (secret !== undefined) return () => [secret];
  if (callerId === undefined) return undefined;
  const fault = callerIdFault(callerId);
  if (fault !== undefined)
    throw new UsageError(`--caller ${JSON.stringify(callerId)} cannot be a caller id: ${fault}`);
  const secrets = new CallbackSecrets({
    file: secretFile(line, env),
    clock: systemClock,
    onFault: (error) => process.stderr.write(`fairsieve: ${error.message}\n`),
  });
  return () => secrets.signingFor(callerId);
}

function answerOf(line: CommandLine): ReceiverOptions['answer'] {
  const status = line.whole('answer', 200, 599) ?? STATUS_DEFAULT;
  const first = line.whole('first', 1, 1e9) ?? Infinity;
  const retryAfterS = line.whole('retry-after', 0, 31_536_000);
  const told = { status, ...(retryAfterS !== undefined && { retryAfterS }) };
  return (attempt) => (attempt <= first ? told : { status: STATUS_DEFAULT });
}
