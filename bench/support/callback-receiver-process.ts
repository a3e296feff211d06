/** The receiver of callbacks as a process of its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceivedCallback } from './callback-account.ts';
import type { ReceiverCount, ReceiverQuestion, ReceiverUrls } from './callback-receiver.ts';

const POLL_MS = 100;

export class CallbackReceiver implements AsyncDisposable {
  /** Callbacks to it are answered with 200 at once. */
  readonly url: string;
  /** Hosts that take connections and never answer. */
  readonly hangingUrls: readonly string[];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #failed: Promise<never>;
  /** The question before: they are answered one after the other. */
  #asked: Promise<unknown> = Promise.resolve();

  private constructor(
    child: ChildProcess,
    exited: Promise<unknown>,
    failed: Promise<never>,
    { url, hangingUrls }: ReceiverUrls,
  ) {
    this.#child = child;
    this.#exited = exited;
    this.#failed = failed;
    this.url = url;
    this.hangingUrls = hangingUrls;
  }

  static async start({ hangingHosts }: { readonly hangingHosts: number }): Promise<CallbackReceiver> {
    const child = fork(new URL('callback-receiver.ts', import.meta.url), [String(hangingHosts)]);
    const exited = once(child, 'exit');
    const failed = exited.then((): never => {
      throw new Error('The receiver of callbacks ended by itself');
    });
    const [urls] = (await Promise.race([once(child, 'message'), failed])) as [ReceiverUrls];
    // It ends when it is told to, which is no failure any more.
    failed.catch(() => undefined);
    return new CallbackReceiver(child, exited, failed, urls);
  }

  count(): Promise<ReceiverCount> {
    return this.#ask<ReceiverCount>({ kind: 'count' });
  }

  /** All that came, in order of arrival. `secrets`, by caller, are those that signatures are verified with. */
  report(secrets: Readonly<Record<string, string>>): Promise<ReceivedCallback[]> {
    return this.#ask<ReceivedCallback[]>({ kind: 'report', secrets });
  }

  /** Resolves once so many callbacks have come, or none came for `quietMsMax`. */
  async hasReceived(callbacks: number, quietMsMax: number): Promise<void> {
    let before = -1;
    for (let quietSinceMs = performance.now(); performance.now() - quietSinceMs < quietMsMax;) {
      const { received } = await this.count();
      if (received >= callbacks) return;
      if (received !== before) quietSinceMs = performance.now();
      before = received;
      await sleep(POLL_MS);
    }
  }

  #ask<Answer>(question: ReceiverQuestion): Promise<Answer> {
    const answered = this.#asked.then(async () => {
      const message = once(this.#child, 'message');
      this.#child.send(question);
      const [answer] = (await Promise.race([message, this.#failed])) as [Answer];
      return answer;
    });
    this.#asked = answered;
    return answered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
