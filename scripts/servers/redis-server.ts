/** A real redis-server on a port of this machine, with the settings that ship: what it acknowledges is on disk. */
import path from 'node:path';
import { freePort } from './free-port.ts';
import { serverAnswers } from './server-answers.ts';
import { ServerProcess } from './server-process.ts';
import { serverProgram } from './server-program.ts';

const CONFIGURATION = path.resolve(import.meta.dirname, '../../deploy/redis/redis.conf');

/** Its data are in `folder`, which exists: started again, over the same ones. `settings`: further arguments, which override the usual ones. */
export async function startRedisServer(
  folder: string,
  settings: readonly string[] = [],
): Promise<ServerProcess> {
  const port = await freePort();
  const own = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  return ServerProcess.start({
    name: 'redis-server',
    url: `redis://127.0.0.1:${port}`,
    program: '/bin/sh',
    // What it keeps is nobody else's to read; it has no setting for that.
    args: [
      '-c',
      'umask 077; exec "$@"',
      'sh',
      await serverProgram('redis-server'),
      CONFIGURATION,
      ...own,
      ...settings,
    ],
    // While it reads its file it answers too, but with an error.
    isReady: () => serverAnswers(port, 'PING\r\n', /^\+PONG/),
  });
}
