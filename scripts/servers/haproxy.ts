/** A real HAProxy on a port of this machine: the configuration that ships, with a list of replicas of its own. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { serverAnswers } from './server-answers.ts';
import { ServerProcess } from './server-process.ts';
import { serverProgram } from './server-program.ts';

const SIGNALS_MAX = 10;
const LOAD_MS_MAX = 2_000;
const LOAD_POLL_MS = 20;
const CONFIGURATION = path.resolve(import.meta.dirname, '../../deploy/haproxy.cfg');

/** Servers to balance over, running or not; `Served-By` gives their names. */
export type Backends = readonly Pick<ServerProcess, 'name' | 'port'>[];

/** Its list of replicas is a file in `folder`, which exists. A free port is taken if none is given. */
export async function startHaproxy(
  folder: string,
  backends: Backends,
  port?: number,
): Promise<ServerProcess> {
  const bound = port ?? (await freePort());
  await writeFile(listIn(folder), listText(backends));
  return ServerProcess.start({
    name: 'haproxy',
    url: `http://127.0.0.1:${bound}`,
    program: await serverProgram('haproxy'),
    // With a master process, which reads the files again when it is told to, and on a port that nobody else listens on (-dR).
    args: ['-W', '-db', '-dR', '-f', CONFIGURATION, '-f', listIn(folder)],
    env: { ...process.env, BALANCER_BIND: `127.0.0.1:${bound}` },
    isReady: () => serverAnswers(bound, 'GET /readyz HTTP/1.1\r\nhost: fairsieve\r\n\r\n', /^HTTP\/1\.1 \d/),
  });
}

/**
 * From when this resolves it balances over these. What is under way with others is carried to its end. Rejects where the new list is not
 * taken in time.
 */
export async function rebalance(haproxy: ServerProcess, folder: string, backends: Backends): Promise<void> {
  await writeFile(listIn(folder), listText(backends));
  const before = timesLoaded(haproxy);
  // A signal that comes while it still loads may be lost.
  for (let sent = 0; sent < SIGNALS_MAX; sent++) {
    process.kill(haproxy.pid, 'SIGUSR2');
    const endMs = performance.now() + LOAD_MS_MAX;
    while (performance.now() < endMs) {
      if (timesLoaded(haproxy) > before) return;
      await sleep(LOAD_POLL_MS);
    }
  }
  throw new Error(`HAProxy did not take its new list of replicas:\n${haproxy.output}`);
}

function timesLoaded({ output }: ServerProcess): number {
  return output.split('Loading success').length;
}

function listIn(folder: string): string {
  return path.join(folder, 'haproxy-backends.cfg');
}

function listText(backends: Backends): string {
  const servers = backends.map(({ name, port }) => `    server ${name} 127.0.0.1:${port}\n`).join('');
  return ['ready', 'alive'].map((which) => `backend ${which} from ${which}\n${servers}`).join('\n');
}
