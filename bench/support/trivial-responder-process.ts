/** The trivial responder as a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

export interface TrivialResponder extends AsyncDisposable {
  readonly url: string;
}

export async function startTrivialResponder(): Promise<TrivialResponder> {
  const child = fork(new URL('../peers/trivial-responder.ts', import.meta.url));
  const exited = once(child, 'exit');
  const failed = exited.then(() => {
    throw new Error('The trivial responder ended before it listened');
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
