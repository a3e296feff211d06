/** A server, a receiver of its callbacks, and what is sent through both doors that end by themselves: `POST /async` and `POST /sync`. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCallerSecrets, SECRET_FILE_NAME } from '../../src/callbacks/callback-secret-file.ts';
import type { CallbackBody } from '../../src/contract/request-body.ts';
import { Server } from '../../test/support/server.ts';
import { accountOf, type CallbackAccount, type ReceivedCallback } from './callback-account.ts';
import { CallbackReceiver } from './callback-receiver-process.ts';
import { isFactored } from './factored.ts';
import type { Arrival } from './open-loop.ts';
import { Samples } from './samples.ts';
import { drained, fetchRequest } from './service.ts';
import { requestIdIn } from './wire.ts';

const ENV = { FAIRSIEVE_LOG_LEVEL: 'error', FAIRSIEVE_CALLBACK_ALLOW: '127.0.0.0/8' };
/** After so long without any, no more callbacks are waited for: the first two retries come within 12 s. */
const QUIET_MS_MAX = 20_000;
/** Of what never came, so many are told in detail. */
const TOLD_MAX = 3;
/** A repeat of what was answered with 200 would come within this time. */
const REPEAT_MS = 3_000;

/** What was sent in one phase, and how it was answered. */
export class Phase {
  /** Accepted with the promise of a callback. */
  readonly promised: string[] = [];
  /** From the planned moment to the answer. */
  readonly latencyMs = { async: new Samples(), sync: new Samples() };
  /** Answered with factors. */
  inline = 0;
  /** Answers of `/sync` that were 202: not ended within the wait. */
  readonly later: string[] = [];
  /** Answers that were not 2xx, or had wrong factors. */
  failed = 0;
}

export class CallbackStage implements AsyncDisposable {
  readonly server: Server;
  readonly receiver: CallbackReceiver;
  readonly #callers = new Set<string>();
  #promised = 0;

  private constructor(server: Server, receiver: CallbackReceiver) {
    this.server = server;
    this.receiver = receiver;
  }

  static async start({ hangingHosts }: { readonly hangingHosts: number }): Promise<CallbackStage> {
    const receiver = await CallbackReceiver.start({ hangingHosts });
    try {
      return new CallbackStage(await Server.start({ env: ENV }), receiver);
    } catch (error) {
      await receiver[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One number, to be told to the receiver. */
  async(callerId: string, number: string, phase: Phase): Arrival {
    this.#callers.add(callerId);
    return {
      request: post('/async', callerId, `{"number":${number},"callback_url":"${this.receiver.url}"}`),
      onAnswer: (success, ms, body) => {
        phase.latencyMs.async.add(ms);
        if (!success) {
          phase.failed++;
          return;
        }
        this.#promised++;
        phase.promised.push(requestIdIn(body));
      },
    };
  }

  /** One number, to be answered inline. */
  sync(callerId: string, number: string, phase: Phase): Arrival {
    return {
      request: post('/sync', callerId, `{"number":${number}}`),
      onAnswer: (success, ms, body) => {
        phase.latencyMs.sync.add(ms);
        if (!success) {
          phase.failed++;
          return;
        }
        const answer = JSON.parse(body.toString()) as Partial<CallbackBody> & { readonly request_id: string };
        // Only what has ended has factors.
        if (answer.prime_factors === undefined) phase.later.push(answer.request_id);
        else if (isFactored(answer as CallbackBody)) phase.inline++;
        else phase.failed++;
      },
    };
  }

  /** Has a caller owe `numbers` to each of these URLs, and waits until all of them are factored. */
  async owe(
    callerId: string,
    urls: readonly string[],
    numbersPerUrl: number,
    word: () => string,
  ): Promise<void> {
    for (const url of urls) {
      const response = await fetch(`${this.server.url}/async`, {
        method: 'POST',
        headers: { 'x-caller-id': callerId, 'content-type': 'application/json' },
        body: `{"numbers":[${Array.from({ length: numbersPerUrl }, word).join(',')}],"callback_url":"${url}"}`,
      });
      if (response.status !== 202)
        throw new Error(`A batch was answered with ${response.status}: ${await response.text()}`);
      await response.body?.cancel();
    }
    await drained(this.server.url);
  }

  /** Resolves when all that was promised so far has come, or nothing comes any more. */
  async settled(): Promise<void> {
    await this.receiver.hasReceived(this.#promised, QUIET_MS_MAX);
  }

  /** To be asked once no more load comes. */
  async account({ promised }: Phase): Promise<CallbackAccount & { readonly lastAtMs: number }> {
    await sleep(REPEAT_MS);
    const received = await this.receiver.report(this.#secrets());
    return { ...accountOf(promised, received), lastAtMs: lastOf(received) };
  }

  /** How the server says that a callback stands which never came, for a few of them. */
  async fate(requestIds: readonly string[]): Promise<string[]> {
    const requests = requestIds.slice(0, TOLD_MAX).map((id) => fetchRequest(this.server.url, id));
    return (await Promise.all(requests)).map(
      ({ request_id: id, status, delivery, sequence, next_attempt_at: nextAt }) =>
        `never came: ${id}, ${status}, delivery ${delivery}, sequence ${sequence}, next attempt at ${nextAt}`,
    );
  }

  #secrets(): Record<string, string> {
    const file = path.join(this.server.dataDir, SECRET_FILE_NAME);
    return Object.fromEntries(
      Array.from(this.#callers, (callerId) => [
        callerId,
        readCallerSecrets(file, callerId, Date.now()).current,
      ]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.receiver[Symbol.asyncDispose]();
  }
}

/** A whole HTTP/1.1 request. `body` is JSON in ASCII. */
function post(door: '/async' | '/sync', callerId: string, body: string): string {
  return `POST ${door} HTTP/1.1\r\nhost: bench\r\nx-caller-id: ${callerId}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

function lastOf(received: readonly ReceivedCallback[]): number {
  return received.reduce((last, { receivedAtMs }) => Math.max(last, receivedAtMs), -Infinity);
}
