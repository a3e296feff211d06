/** A peer of a benchmark as a process of its own: it sends its URL once it listens. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

export interface PeerProcess extends AsyncDisposable {
  readonly url: string;
}

/** `env`: what the program is told beside the environment of this process. */
export async function startPeerProcess(
  program: URL,
  env: Readonly<Record<string, string>> = {},
): Promise<PeerProcess> {
  const child = fork(program, { env: { ...process.env, ...env } });
  const exited = once(child, 'exit');
  const failed = exited.then(() => {
    throw new Error(`${program.pathname} ended before it listened`);
  });
  const [url] = (await Promise.race([once(child, 'message'), failed])) as [string];
  // It ends when it is told to, which is no failure any more.
  failed.catch(() => undefined);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
