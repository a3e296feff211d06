/** The bare Fastify peer as a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

export interface BareFastify extends AsyncDisposable {
  readonly url: string;
}

/** It answers as the service did: `postAnswer` and `getAnswer` are bodies of the service's. */
export async function startBareFastify(postAnswer: string, getAnswer: string): Promise<BareFastify> {
  const env = { ...process.env, PEER_POST_ANSWER: postAnswer, PEER_GET_ANSWER: getAnswer };
  const child = fork(new URL('../peers/bare-fastify.ts', import.meta.url), { env });
  const exited = once(child, 'exit');
  const failed = exited.then(() => {
    throw new Error('The bare Fastify peer ended before it listened');
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
