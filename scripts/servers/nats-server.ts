/** A real nats-server on a port of this machine. */
import { freePort } from './free-port.ts';
import { serverAnswers } from './server-answers.ts';
import { ServerProcess } from './server-process.ts';
import { serverProgram } from './server-program.ts';

/** `args` are further ones of nats-server, such as `--user` and `--pass`. */
export async function startNatsServer(args: readonly string[] = []): Promise<ServerProcess> {
  const port = await freePort();
  return ServerProcess.start({
    name: 'nats-server',
    url: `nats://127.0.0.1:${port}`,
    program: await serverProgram('nats-server'),
    args: ['--addr', '127.0.0.1', '--port', String(port), ...args],
    isReady: () => serverAnswers(port, '', /^INFO /),
  });
}
