/** `fairsieve submit`: numbers queued at a service; with `--wait`, their factors. */
import { factorizationOf, type Client, type RequestBody } from '../client/client.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import type { ExitCode } from './exit-code.ts';
import { factorsLine } from './factored-text.ts';
import { CALLER_OPTION, SERVICE_OPTIONS, serviceClient } from './service-client.ts';
import { runSession, type Session } from './service-session.ts';
import { submissions } from './submissions.ts';

export const submitCommand: Command = {
  usage: '[OPTIONS] NUMBER… | -',
  about:
    'Queues numbers at a service and prints the id of each request, in the order of the input.\n' +
    'With - numbers are read from standard input, one per line, and submitted as they arrive.\n' +
    'An interruption leaves what was submitted at the service: fetch it with fairsieve result.',
  options: {
    ...SERVICE_OPTIONS,
    ...CALLER_OPTION,
    wait: { about: 'print the factors instead, as fairsieve factor does' },
    json: { about: 'print a line of JSON for each request; with --wait as soon as it has ended' },
  },
  run: async (line: CommandLine): Promise<ExitCode> => {
    const client = serviceClient(line);
    const asJson = line.has('json');
    const open = new Set<string>();
    const exitCode = await runSession(
      (session) => submissions(client, line.positionals, session, {}, open),
      async (submitted, turn, session) => {
        if (line.has('wait')) await printEnd(client, submitted.request_id, asJson, turn, session);
        else {
          await turn;
          await session.print(asJson ? JSON.stringify(submitted) : submitted.request_id);
        }
        open.delete(submitted.request_id);
      },
    );
    if (open.size > 0) sayWhatGoesOn(open);
    return exitCode;
  },
};

async function printEnd(
  client: Client,
  requestId: string,
  asJson: boolean,
  turn: Promise<void>,
  session: Session,
): Promise<void> {
  const request = await client.wait(requestId, { signal: session.signal });
  if (request.status !== 'done') session.fail();
  if (asJson) return session.print(JSON.stringify(request));
  await turn;
  if (request.status === 'done' || request.status === 'partial')
    return session.print(factorsLine(request.number, factorizationOf(request).factors));
  process.stderr.write(`fairsieve: ${endText(request)}\n`);
}

function endText({ request_id: id, number, status, error }: RequestBody): string {
  return `${number} is ${status}${error ? `: ${error.reason}` : ''} (request ${id})`;
}

/** Ids that one can still copy from a terminal. */
const IDS_SHOWN_MAX = 20;

function sayWhatGoesOn(open: ReadonlySet<string>): void {
  const ids = [...open].slice(0, IDS_SHOWN_MAX).join(' ');
  const more = open.size > IDS_SHOWN_MAX ? ` and ${open.size - IDS_SHOWN_MAX} more` : '';
  process.stderr.write(`fairsieve: requests that go on at the service: ${ids}${more}\n`);
}
