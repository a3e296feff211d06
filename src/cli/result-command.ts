/** `fairsieve result`: requests of a service, as they are or once they have ended. */
import { ProblemError } from '../client/client.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import type { ExitCode } from './exit-code.ts';
import { stdinLines } from './number-inputs.ts';
import { requestText } from './request-text.ts';
import { SERVICE_OPTIONS, serviceClient } from './service-client.ts';
import { runSession } from './service-session.ts';
import { UsageError } from './usage-error.ts';

export const resultCommand: Command = {
  usage: '[OPTIONS] ID… | -',
  about:
    'Shows requests: their factors, and what happened to them. With - the ids are read from standard input, one per line.\n' +
    'Exits 0 if all are done, 1 if some are not.',
  options: {
    ...SERVICE_OPTIONS,
    wait: { about: 'wait until each has ended' },
    json: {
      about:
        'print each as a line of JSON, in the form of GET /requests/ID; with --wait as soon as it has ended',
    },
  },
  run: async (line: CommandLine): Promise<ExitCode> => {
    const ids = line.positionals;
    if (ids.length === 0)
      throw new UsageError('Give the ids of requests, or - to read them from standard input');
    const client = serviceClient(line);
    const asJson = line.has('json');
    return runSession(
      ({ signal }) => (ids.length === 1 && ids[0] === '-' ? idsFromStdin(signal) : [ids]),
      async (id, turn, session) => {
        try {
          const request = line.has('wait')
            ? await client.wait(id, { signal: session.signal })
            : await client.result(id, { signal: session.signal });
          if (request.status !== 'done') session.fail();
          if (!asJson) await turn;
          await session.print(asJson ? JSON.stringify(request) : requestText(request));
        } catch (error) {
          // One id that does not exist says nothing about the others.
          if (!(error instanceof ProblemError)) throw error;
          session.fail();
          process.stderr.write(`fairsieve: ${error.message}\n`);
        }
      },
    );
  },
};

async function* idsFromStdin(stop: AbortSignal): AsyncGenerator<string[], void, undefined> {
  for await (const lines of stdinLines(stop)) yield lines.map(({ text }) => text);
}
