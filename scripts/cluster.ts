/**
 * Starts a cluster on this machine and stops it in order at SIGTERM, SIGINT or SIGHUP; a second of these ends everything at once.
 *
 *   npm run cluster -- --replicas 4 [--data FOLDER] [--port PORT]
 *
 * Its only line on stdout is `ready http://127.0.0.1:PORT`, the balancer's (npm adds two of its own without `--silent`); where the
 * replicas are is told on stderr. Settings of replicas are taken from the environment. What ends before it is told to is named, and
 * not started again.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage } from '../src/base/error-message.ts';
import { REPLICAS_MAX, startCluster, type ClusterOptions } from './servers/cluster.ts';
import type { ServerProcess } from './servers/server-process.ts';

const USAGE = `npm run cluster -- [--replicas N] [--data FOLDER] [--port PORT]

  --replicas N   how many replicas, from 1 to ${REPLICAS_MAX} (4)
  --data FOLDER  where all data are, to be found again at the next start (a temporary folder)
  --port PORT    the balancer's port (a free one)
  --help         says this

Settings of the replicas are environment variables, as for \`fairsieve serve\`.`;

const options = readOptions();
if (options === 'help') console.log(USAGE);
else if (options === undefined) process.exitCode = 2;
else await run(options);

async function run({ folder, ...rest }: ClusterOptions): Promise<void> {
  const signals = Promise.withResolvers<NodeJS.Signals>();
  let signalled = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      // What is still running then goes with this process.
      if (signalled) process.exit(1);
      signalled = true;
      signals.resolve(signal);
    });
  try {
    if (folder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
    await using cluster = await startCluster({ ...rest, ...(folder !== undefined && { folder }) });
    for (const { name, url } of cluster.replicas) console.error(`${name} ${url}`);
    process.stdout.write(`ready ${cluster.url}\n`);
    const sayIfItEnds = async (server: ServerProcess): Promise<void> => {
      const ended = await server.ended;
      if (!signalled) console.error(`${server.name} has ended: ${JSON.stringify(ended)}\n${server.output}`);
    };
    for (const server of [...cluster.replicas, cluster.haproxy, cluster.nats, cluster.redis])
      if (server) void sayIfItEnds(server);
    await signals.promise;
    await cluster.stop();
  } catch (error) {
    console.error(errorMessage(error));
    process.exitCode = 1;
  }
}

/** Undefined, with what is wrong said, if they cannot be used. */
function readOptions(): ClusterOptions | 'help' | undefined {
  try {
    const { values } = parseArgs({
      options: {
        replicas: { type: 'string', default: '4' },
        data: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return 'help';
    const settings = Object.entries(process.env).filter(([name]) => name.startsWith('FAIRSIEVE_'));
    return {
      replicas: whole('--replicas', values.replicas, 1, REPLICAS_MAX),
      env: Object.fromEntries(settings),
      ...(values.data !== undefined && { folder: path.resolve(values.data) }),
      ...(values.port !== undefined && { port: whole('--port', values.port, 1, 65_535) }),
    };
  } catch (error) {
    console.error(`${errorMessage(error)}\n\n${USAGE}`);
    return undefined;
  }
}

function whole(name: string, text: string, min: number, max: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= min && number <= max))
    throw new Error(`${name} must be a whole number from ${min} to ${max}: it is ${JSON.stringify(text)}`);
  return number;
}
