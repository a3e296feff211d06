/** `fairsieve async`: numbers queued at a service that tells the end of each to a URL. */
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import type { ExitCode } from './exit-code.ts';
import { CALLER_OPTION, SERVICE_OPTIONS, serviceClient } from './service-client.ts';
import { runSession } from './service-session.ts';
import { shownUrl } from './shown-url.ts';
import { submissions } from './submissions.ts';
import { UsageError } from './usage-error.ts';

export const asyncCommand: Command = {
  usage: '--callback-url URL [OPTIONS] NUMBER… | -',
  about:
    'Queues numbers at a service, which calls the URL when each has ended, and prints the id of each request, in the order of the input.\n' +
    'With - numbers are read from standard input, one per line. fairsieve listen receives the callbacks;\n' +
    'fairsieve result shows what became of them.',
  options: {
    'callback-url': { value: 'URL', about: 'where the end of each request is to be told' },
    ...SERVICE_OPTIONS,
    ...CALLER_OPTION,
    json: { about: 'print a line of JSON for each request' },
  },
  run: (line: CommandLine): Promise<ExitCode> => {
    const callbackUrl = line.text('callback-url');
    if (callbackUrl === undefined) throw new UsageError('Say where to call back: --callback-url URL');
    if (!/^https?:$/.test(URL.parse(callbackUrl)?.protocol ?? ''))
      throw new UsageError(
        `--callback-url must be an http or https URL: it is ${JSON.stringify(shownUrl(callbackUrl))}`,
      );
    const client = serviceClient(line);
    const asJson = line.has('json');
    return runSession(
      (session) => submissions(client, line.positionals, session, { callbackUrl }),
      async (submitted, turn, session) => {
        await turn;
        await session.print(asJson ? JSON.stringify(submitted) : submitted.request_id);
      },
    );
  },
};
